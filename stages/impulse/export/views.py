"""``analysis.sql``: the tables of a dataset as views for DuckDB, and views of matches, players, goals and their frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from impulse.schema.column import Column
from impulse.schema.frames import PLAYER_COLUMN

ANALYSIS = "analysis.sql"

_HEAD = """\
-- Views over the tables of this folder, for DuckDB. Nothing is copied; only what a query needs is read.
-- Start DuckDB in this folder and read this file, or say first where it is: SET file_search_path = '/path/to/it';
"""

_VIEWS = """
-- One row for each match.
CREATE OR REPLACE VIEW matches AS
SELECT *,
       blue_score + orange_score AS goals,
       abs(blue_score - orange_score) AS goal_difference,
       CASE WHEN blue_score > orange_score THEN 'blue' WHEN orange_score > blue_score THEN 'orange' END AS winner
FROM replays;

-- One row for each player in a match, with the match; is_win is null where nobody won.
CREATE OR REPLACE VIEW match_players AS
SELECT p.*, m.split, m.date, m.map_code, m.playlist, m.team_size, m.winner,
       CASE p.team WHEN 'blue' THEN m.blue_score ELSE m.orange_score END AS team_goals,
       CASE p.team WHEN 'blue' THEN m.orange_score ELSE m.blue_score END AS opponent_goals,
       p.team = m.winner AS is_win
FROM players AS p JOIN matches AS m USING (replay_id);

-- One row for each goal, with its scorer (null where the recording does not say), the score after it, and the match.
CREATE OR REPLACE VIEW match_goals AS
SELECT g.*, p.platform, p.player_id, p.is_bot, m.split, m.date, m.team_size, m.winner,
       g.goal = min(g.goal) OVER (PARTITION BY g.replay_id) AS is_first,
       count(*) FILTER (WHERE g.team = 'blue') OVER so_far AS blue_after,
       count(*) FILTER (WHERE g.team = 'orange') OVER so_far AS orange_after
FROM goals AS g
JOIN matches AS m USING (replay_id)
LEFT JOIN players AS p ON p.replay_id = g.replay_id AND p.slot = g.slot AND p.name = g.scorer
WINDOW so_far AS (PARTITION BY g.replay_id ORDER BY g.goal);
"""

_PLAYER_FRAMES = """
-- One row for each player on the field and frame, with the ball: what impulse.load(..., layout='long') gives.
CREATE OR REPLACE VIEW player_frames AS
WITH samples AS (
"""

_WITH_PLAYER_IDS = """
), holders AS (
SELECT replay_id, slot, player_id, first_row,
       lead(first_row, 1, 2147483647) OVER (PARTITION BY replay_id, slot ORDER BY first_row) AS next_first_row
FROM players WHERE first_row IS NOT NULL
)
SELECT s.*, h.player_id
FROM samples AS s LEFT JOIN holders AS h
ON h.replay_id = s.replay_id AND h.slot = s.slot AND s.row >= h.first_row AND s.row < h.next_first_row;
"""


def analysis_sql(columns: Sequence[Column], folder: Path) -> str:
    """Return the SQL for the tables that a dataset has.

    Args:
        columns: columns of the frames.
        folder: the dataset.
    """
    lines = [_HEAD]
    lines += [
        f"CREATE OR REPLACE VIEW {path.stem} AS SELECT * FROM read_parquet('{path.name}');\n"
        for path in sorted(folder.glob("*.parquet"))
    ]
    lines.append(
        "CREATE OR REPLACE VIEW frames AS SELECT * FROM read_parquet('frames/*/*.parquet', hive_partitioning = true);\n"
    )
    return "".join([*lines, _VIEWS, _player_frames(columns)])


def _player_frames(columns: Iterable[Column]) -> str:
    """Return the view of one row for each player on the field and frame."""
    common: list[str] = []
    of_slot: dict[int, list[str]] = {}
    for column in columns:
        if match := PLAYER_COLUMN.fullmatch(column.name):
            of_slot.setdefault(int(match[1]), []).append(match[2])
        else:
            common.append(column.name)
    parts = []
    for slot, names in of_slot.items():
        team = "blue" if slot < len(of_slot) // 2 else "orange"
        chosen = [f'p{slot}_{name} AS "{name}"' for name in names if name != "present"]
        quoted = [f'"{name}"' for name in common]
        parts.append(
            f"SELECT split, {', '.join(quoted)}, {slot}::TINYINT AS slot, '{team}' AS team,\n"
            f"       {', '.join(chosen)}\nFROM frames WHERE p{slot}_present"
        )
    return _PLAYER_FRAMES + "\nUNION ALL\n".join(parts) + _WITH_PLAYER_IDS
