"""The card is true: every line of code in it runs in the dataset's folder, and every tool reads the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from tests.exported import exported

import impulse
from impulse.config.export import ExportParams, FloatType
from impulse.export.card import dataset_card
from impulse.export.quality import GROUPS, KINDS
from impulse.export.views import analysis_sql
from impulse.schema.column import Column

RUN_SNIPPETS = """
import json, sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq

def as_arrow(value):
    if isinstance(value, pa.Table):
        return value
    if hasattr(value, "to_arrow"):
        return value.to_arrow()
    if hasattr(value, "data") and hasattr(value, "features"):
        return value.data.table
    return pa.Table.from_pandas(value, preserve_index=False)

shapes = {}
for number, snippet in enumerate(json.load(sys.stdin)):
    names = {}
    exec(compile(snippet, f"snippet {number}", "exec"), names)
    for what in ("frames", "players"):
        value = names.get(what)
        if isinstance(value, np.ndarray):
            shapes[number] = [*value.shape, float(names["times"].sum(dtype="float64"))]
        elif value is not None:
            pq.write_table(as_arrow(value), f"{sys.argv[1]}/{number}-{what}.parquet")
    if "held" in names:
        shapes[number] = [list(row) for row in names["held"]]
print(json.dumps(shapes))
"""
"""Runs in a process of its own: some of these libraries warn, and all of them take memory."""


@pytest.fixture(scope="module")
def complete(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(data, tmp_path_factory.mktemp("complete"), ExportParams(numpy=True))


@pytest.fixture(scope="module")
def card(complete: Path) -> str:
    return (complete / "README.md").read_text()


@pytest.fixture(scope="module")
def split(complete: Path) -> str:
    """The split that the card takes for its examples."""
    splits = pq.read_table(complete / "replays.parquet")["split"].to_pylist()
    return max(("train", "val", "test"), key=splits.count)


def offline(folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(folder / "hf"),
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }


def in_order(table: pa.Table) -> pa.Table:
    table = table.set_column(
        table.schema.get_field_index("replay_id"), "replay_id", table["replay_id"].cast(pa.string())
    )
    return table.sort_by([("replay_id", "ascending"), ("row", "ascending")])


def files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_every_snippet_runs_and_reads_what_pyarrow_reads(complete: Path, card: str, split: str, tmp_path: Path) -> None:
    """pandas, polars, DuckDB, pyarrow, Hugging Face datasets, NumPy and the views, as the card says, in its folder."""
    snippets = [part.split("```")[0] for part in card.split("```python\n")[1:]]
    before = files(complete)
    done = subprocess.run(
        [sys.executable, "-c", RUN_SNIPPETS, str(tmp_path)],
        input=json.dumps(snippets),
        cwd=complete,
        env=offline(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tools = ("pandas", "polars", "duckdb", "pyarrow", "datasets", "numpy", "duckdb")
    assert [tool in snippet for tool, snippet in zip(tools, snippets, strict=True)] == [True] * len(tools)
    frames = ds.dataset(complete / "frames", partitioning="hive").to_table(filter=pc.field("split") == split)
    columns = ["replay_id", "row", "time", "ball_pos_x"]
    expected = in_order(frames.select(columns)).to_pydict()
    for number in range(5):
        mine = pq.read_table(tmp_path / f"{number}-frames.parquet")
        assert set(mine.column_names) - {"split"} == set(columns), snippets[number]
        mine = in_order(mine.select(columns))
        assert {name: _plain(mine[name]) for name in columns} == {name: expected[name] for name in columns}
        players = pq.read_table(tmp_path / f"{number}-players.parquet")
        assert _plain(players["player_id"]) == pq.read_table(complete / "players.parquet")["player_id"].to_pylist()
    printed = json.loads(done.stdout)
    rows, width, seconds = printed["5"]
    assert (rows, width) == (frames.num_rows, len(frames.schema.names) - 2)
    assert seconds == pytest.approx(pc.sum(frames["time"].cast(pa.float64())).as_py())
    sizes = pq.read_table(complete / "replays.parquet")["players_a_side"].to_pylist()
    assert {size for size, _ in printed["6"]} == set(sizes)
    assert files(complete) == before


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Return values with NaN, which pandas makes of null, as None."""
    return [None if isinstance(value, float) and np.isnan(value) else value for value in column.to_pylist()]


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """Open the views from another folder, as the head of analysis.sql says."""
    connection = duckdb.connect()
    connection.execute(f"SET file_search_path = '{folder}'")
    connection.execute((folder / "analysis.sql").read_text())
    return connection


def test_answers_hold_for_ties_bots_and_matches_without_goals(card: str, tmp_path: Path) -> None:
    """The questions of the card on made-up tables full of exceptions: a tie, an unknown team size, bots, no statistics."""
    match = {"split": "train", "date": None, "map_code": "x", "playlist": None, "is_forfeit": False}
    scores = [("a", 2, 3, 1, "blue"), ("b", 2, 1, 1, None), ("c", None, 0, 2, "orange"), ("d", 3, 0, 0, None)]
    names = ("replay_id", "players_a_side", "blue_score", "orange_score", "winner")
    player = {"name": "x", "player": 0, "slot": 0, "team": "blue", "first_row": 0}
    people = [
        ("a", "steam", "1", False, 3, 2),
        ("b", "steam", "1", False, 5, 1),
        ("c", "epic", "2", False, 0, 0),
        ("d", "xbox", "3", False, None, None),
        ("d", "splitscreen", "4", True, 9, 9),
    ]
    of_player = ("replay_id", "platform", "player_id", "is_bot", "shots", "goals")
    scored = [("a", 1, "blue"), ("a", 0, "orange"), ("b", 0, "blue"), ("c", 0, "orange"), ("c", 1, "orange")]
    tables: dict[str, list[dict[str, Any]]] = {
        "replays": [{**match, **dict(zip(names, row, strict=True))} for row in scores],
        "players": [{**player, **dict(zip(of_player, row, strict=True))} for row in people],
        "goals": [{"replay_id": i, "goal": n, "team": t, "player": 0, "scorer": "x"} for i, n, t in scored],
    }
    held = ("replay_id", "player", "slot", "first_row")
    tables["stints"] = [{name: row[name] for name in held} for row in tables["players"]]
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / f"{name}.parquet")
    (tmp_path / "frames" / "split=train").mkdir(parents=True)
    columns = [Column(name, "bool", "") for name in ("replay_id", "row", "p0_present", "p0_x")]
    frames: pa.Table = pa.table({"replay_id": ["a"], "row": [0], "p0_present": [True], "p0_x": [1.0]})
    pq.write_table(frames, tmp_path / "frames" / "split=train" / "part-00000.parquet")
    (tmp_path / "analysis.sql").write_text(analysis_sql(columns, tmp_path))
    with connect(tmp_path) as connection:
        answers = [connection.sql(part.split("```")[0]).fetchall() for part in card.split("```sql\n")[1:]]
    assert answers == [
        [(2, 2, 6, 3.0), (3, 1, 0, 0.0), (None, 1, 2, 2.0)],
        [("epic", 1, 0, 0, None), ("steam", 1, 8, 3, 37.5)],
        [(2, 1, 50.0)],
    ]


def test_views_have_one_row_for_what_they_say(complete: Path) -> None:
    """Matches, players, goals with running scores, and the frames of players."""
    with connect(complete) as connection:

        def one(sql: str) -> tuple[Any, ...]:
            row = connection.execute(sql).fetchone()
            assert row is not None
            return row

        names = [name for name, *_ in connection.execute("DESCRIBE matches").fetchall()]
        columns = [name for name, *_ in connection.execute("DESCRIBE replays").fetchall()]
        assert names == [*columns, "goals", "goal_difference"]  # DuckDB renames what is there twice
        assert one("SELECT count(*), count(DISTINCT replay_id) FROM matches") == one(
            "SELECT count(*), count(*) FROM replays"
        )
        assert one("SELECT count(*) FROM match_players") == one("SELECT count(*) FROM players")
        assert one("SELECT count(*) FROM match_goals") == one("SELECT count(*) FROM goals")
        wrong = """
            SELECT count(*) FROM (
                SELECT max(blue_after) AS blue, max(orange_after) AS orange, any_value(replay_id) AS replay_id
                FROM match_goals GROUP BY replay_id
            ) JOIN matches USING (replay_id) WHERE blue <> blue_score OR orange <> orange_score"""
        assert one(wrong) == (0,)
        assert one("SELECT count(*) FROM match_goals WHERE slot IS NOT NULL AND player_id IS NULL") == (0,)


def test_the_view_of_players_is_the_long_layout(complete: Path) -> None:
    """DuckDB and the loader give the same rows."""
    names = ["split", "replay_id", "row", "slot", "team", "player_id", "pos_x", "boost", "demolished", "ball_pos_z"]
    with connect(complete) as connection:
        rows = connection.sql(f"SELECT {', '.join(names)} FROM player_frames").to_arrow_table()
    loaded = impulse.load(complete, layout="long", columns=names)
    order = [(name, "ascending") for name in ("replay_id", "slot", "row")]
    mine, expected = (
        table.set_column(1, "replay_id", table["replay_id"].cast(pa.string())).sort_by(order)
        for table in (rows, loaded)
    )
    assert {name: _plain(mine[name]) for name in names} == {name: _plain(expected[name]) for name in names}


@pytest.mark.slow
def test_hugging_face_loads_the_folder_by_the_head_of_the_card(complete: Path, tmp_path: Path) -> None:
    """Without a word about files: frames by split as the default, tables by name."""
    code = (
        "import json, sys; from datasets import load_dataset\n"
        "frames = load_dataset(sys.argv[1])\n"
        "print(json.dumps([{s: d.num_rows for s, d in frames.items()},"
        " {n: load_dataset(sys.argv[1], n, split='train').num_rows for n in sys.argv[2:]},"
        " {n: f.dtype for n, f in next(iter(frames.values())).features.items()}]))"
    )
    tables = ["replays", "players", "stints", "goals", "demolitions", "rejects"]
    command = [sys.executable, "-c", code, str(complete), *tables]
    done = subprocess.run(command, env=offline(tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    frames, sizes, types = json.loads(done.stdout)
    assert frames == _rows_by_split(complete / "frames")
    assert sizes == {name: pq.read_metadata(complete / f"{name}.parquet").num_rows for name in tables}
    assert (types["ball_pos_x"], types["is_held"], types["replay_id"]) == ("float32", "bool", "string")


OTHER_TOOLS = """
import json, sys, duckdb, polars as pl

rows = []
for folder, snippet in json.load(sys.stdin):
    names = {}
    exec(snippet.replace("frames/*", f"{folder}/frames/*").replace('"players', f'"{folder}/players'), names)
    replays = pl.read_parquet(f"{folder}/replays.parquet").select("replay_id", "players_a_side")
    joined = names["frames"].join(replays, on="replay_id").join(names["players"], on="replay_id", how="semi")
    db = duckdb.connect()
    db.execute(f"SET file_search_path = '{folder}'")
    db.execute(open(f"{folder}/analysis.sql").read())
    views = db.sql("SELECT count(*), sum(ball_pos_x::DOUBLE), sum(boost::DOUBLE) FROM player_frames").fetchall()[0]
    rows.append([len(names["frames"]), len(joined), joined["ball_pos_x"].cast(pl.Float64).sum(), *views])
print(json.dumps(rows))
"""


@pytest.mark.slow
def test_other_float_types_are_read_and_joined_by_other_tools(data: Path, tmp_path: Path) -> None:
    """DuckDB and polars read what was exported; in polars frames and tables are joined as the card reads them."""
    folders = [
        exported(data, tmp_path / kind, ExportParams(float_type=FloatType(kind))) for kind in ("float16", "float64")
    ]
    snippets = [(folder / "README.md").read_text().split("```python\n")[2].split("```")[0] for folder in folders]
    done = subprocess.run(
        [sys.executable, "-c", OTHER_TOOLS],
        input=json.dumps([[str(folder), snippet] for folder, snippet in zip(folders, snippets, strict=True)]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for folder, found in zip(folders, json.loads(done.stdout), strict=True):
        split = re.findall(r'filter=ds.field\("split"\) == "(\w+)"', (folder / "README.md").read_text())[0]
        frames = impulse.load(folder, split=split, columns=["ball_pos_x"])
        long = impulse.load(folder, layout="long", columns=["ball_pos_x", "boost"])
        columns = [frames["ball_pos_x"], long["ball_pos_x"], long["boost"]]
        sums = [pc.sum(column.cast(pa.float64())).as_py() for column in columns]
        assert found[:2] == [frames.num_rows] * 2
        assert found[2:] == pytest.approx([sums[0], long.num_rows, *sums[1:]], rel=1e-9)


def made_card(replays: list[dict[str, Any]]) -> str:
    """Return the card of a dataset with such replays and nothing else."""
    return dataset_card(
        replays=replays,
        players=[],
        goals=0,
        rejects=[],
        columns=[],
        tables={"replays": len(replays), "goals": 0, "demolitions": 0, "rejects": 1},
        made_with={"sampling": "parser", "gap_rows": "drop", "fps": 10.0, "slots_per_team": 4},
        params=ExportParams(),
        quality=np.zeros((len(GROUPS), len(KINDS)), np.int64),
        stale_share=0.002,
    )


@pytest.mark.parametrize(
    ("mutators", "line"),
    [
        ([[], [], []], None),
        ([["ball_scale=1.3"], [], []], "1 of the 3 matches has mutators: the column"),
        ([["ball_scale=1.3"], None, []], "1 of the 3 matches has mutators, of 1 it is not known: the column"),
    ],
)
def test_the_card_says_how_many_matches_have_mutators(
    dataset: Path, mutators: list[list[str] | None], line: str | None
) -> None:
    """Nothing where none has; what is not known is no match without."""
    row = pq.read_table(dataset / "replays.parquet").to_pylist()[0]
    card = made_card([{**row, "mutators": found} for found in mutators])
    assert line in card if line else " mutators: the column" not in card


def test_tables_without_rows_are_not_offered_to_hugging_face(dataset: Path) -> None:
    """It opens no file without rows; the table is there all the same."""
    card = (dataset / "README.md").read_text()
    made = made_card([{**row, "is_synthetic": True} for row in pq.read_table(dataset / "replays.parquet").to_pylist()])
    offered = [re.findall(r"config_name: (\w+)", text.split("\n---\n")[0]) for text in (card, made)]
    assert offered == [
        ["frames", "replays", "players", "stints", "goals", "demolitions", "rejects"],
        ["frames", "replays", "rejects"],
    ]


def _rows_by_split(folder: Path) -> dict[str, int]:
    return {
        part.name.removeprefix("split="): sum(pq.read_metadata(file).num_rows for file in part.iterdir())
        for part in folder.iterdir()
    }


@pytest.mark.slow
def test_the_croissant_validator_accepts_the_description(complete: Path) -> None:
    """Mlcroissant finds no error, and reads every table from the folder as pyarrow does."""
    code = (
        "import itertools, json, sys, mlcroissant\n"
        "data = mlcroissant.Dataset(jsonld=sys.argv[1]); found = {}\n"
        "for one in data.metadata.record_sets:\n"
        "    rows = list(data.records(one.id)) if one.id != 'frames'"
        " else list(itertools.islice(iter(data.records(one.id)), 50))\n"
        "    found[one.id] = [{k.split('/')[1]: (v.decode() if isinstance(v, bytes) else str(v)) for k, v in row.items()}"
        " for row in rows]\n"
        "print(json.dumps([data.metadata.issues.report(), found]))"
    )
    command = [sys.executable, "-c", code, str(complete / "croissant.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report, found = json.loads(done.stdout)
    assert "error" not in report
    assert re.findall(r'"https?://[^"]*/(\w+)" is recommended', report) == ["datePublished"]  # a build has no such date
    for name in ("replays", "players", "stints", "goals", "demolitions", "rejects"):
        table = pq.read_table(complete / f"{name}.parquet")
        assert [row["replay_id"] for row in found[name]] == table["replay_id"].to_pylist()
        assert set(found[name][0]) == set(table.column_names)
    assert sum("season-1" in row["group_ids"] for row in found["replays"]) > 2
    first = found["frames"][0]
    table = pq.read_table(complete / "frames" / f"split={first['split']}", partitioning=None)
    assert set(first) == {*table.column_names, "split"}
    times = set(zip(table["replay_id"].to_pylist(), table["row"].to_pylist(), strict=True))
    assert all((row["replay_id"], int(row["row"])) in times for row in found["frames"])


def test_the_card_counts_what_is_there(complete: Path, card: str) -> None:
    """Matches and rows by split, people, goals and the share of the inputs."""
    replays = pq.read_table(complete / "replays.parquet").to_pylist()
    rejects = pq.read_table(complete / "rejects.parquet").num_rows
    for name in ("train", "val", "test"):
        own = [row for row in replays if row["split"] == name]
        assert re.search(rf"\| {name} \| {len(own)} \| .* % \| {sum(row['rows'] for row in own)} \|", card)
    assert f"Of {len(replays) + rejects} inputs {len(replays)} are in the dataset" in card
    people = {
        (row["platform"], row["player_id"])
        for row in pq.read_table(complete / "players.parquet").to_pylist()
        if not row["is_bot"]
    }
    stale = re.search(r"take (\d+\.\d) % of the bytes of the frames", card)
    assert stale is not None
    assert 0 < float(stale[1]) < 5
    assert f"{len(people)} players, {pq.read_metadata(complete / 'goals.parquet').num_rows} goals" in card
    assert (complete / "plots" / "overview.png").read_bytes().startswith(b"\x89PNG")
    assert "(plots/overview.png)" in card
