"""The dataset card: what is in the dataset, in what units, and how to load it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from impulse.config.export import ExportParams, SplitBy
from impulse.export.plots import OVERVIEW
from impulse.schema.column import SCHEMA_VERSION, Column
from impulse.schema.frames import PLAYER_COLUMN
from impulse.tables.accounts import account
from impulse.tables.paths import SPLITS

TITLE = "Rocket League frames"

ABOUT = (
    "Frames of Rocket League matches: positions, velocities, rotations and boost of every player and the ball, with tables of "
    "replays, players, goals and demolitions."
)

RIGHTS = "No licence is given: the rights in the replays remain with their owners."

_TEMPLATE = Path(__file__).with_name("card.md.j2")

_SAMPLINGS = {
    "parser": (
        "{fps:g} a second",
        "It is at or after `time`, so a row looks up to a frame ahead, and seconds ahead where `is_held` fills a gap.",
    ),
    "causal": (
        "{fps:g} a second without look-ahead",
        "It is at or before `time`: no row knows anything of the future.",
    ),
    "native": ("one for each network frame", "Here both are the same."),
}
"""How rows were sampled: for the first sentence, and what it means for the times."""

_SPLIT_TEXTS = {
    SplitBy.match: (
        "Splits are by match: all recordings of a match are in one split, and a match keeps its split when others are added."
    ),
    SplitBy.group: (
        "Splits are by group of the source, usually a series: all matches of a group are in one split, and keep it when "
        "others are added. A match without a group is a set of its own."
    ),
    SplitBy.player: (
        "Splits are by player: nobody is in two splits (bots and guests without an id aside). Matches that players link, "
        "directly or through others, are kept together, which makes few and large sets; a match that links two sets, or a "
        "new player, may move a set."
    ),
}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card is made of."""

    replays: Sequence[Mapping[str, Any]]
    """Rows of the exported replays table."""
    players: Sequence[Mapping[str, Any]]
    """platform, player_id and is_bot of the exported players table."""
    goals: int
    """Rows of the exported goals table."""
    rejects: Sequence[Mapping[str, Any]]
    """stage and reason of every input that is not in the dataset."""
    columns: Sequence[Column]
    """Columns of the frames."""
    tables: Sequence[str]
    """Names of the tables beside the frames."""
    made_with: Mapping[str, Any]
    """Frame rate, sampling and slots."""
    params: ExportParams


def dataset_card(facts: CardFacts) -> str:
    """Return the card as Markdown, with the head that the Hugging Face hub and its library read."""
    environment = Environment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    rejected = Counter((row["stage"], row["reason"]) for row in facts.rejects)
    splits = [_split(name, facts.replays) for name in SPLITS]
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        title=TITLE,
        description=_description(facts),
        synthetic=_synthetic(facts.replays),
        splits=splits,
        people=len({person for row in facts.players if (person := account(row))}),
        goals=facts.goals,
        dates=_dates(facts.replays),
        inputs=len(facts.replays) + len(facts.rejects),
        overview=OVERVIEW,
        split_text=_SPLIT_TEXTS[facts.params.split_by],
        shares=", ".join(f"{getattr(facts.params, name):g} {name}" for name in SPLITS),
        params=facts.params,
        tables=facts.tables,
        has_events="events" in facts.tables,
        example=max(splits, key=lambda split: split["matches"])["name"],
        columns=["replay_id", "row", "time", *_example_column(facts.columns)],
        look_ahead=_SAMPLINGS[facts.made_with["sampling"]][1],
        slots=facts.made_with["slots_per_team"],
        sources=", ".join(
            f"{count} from {name}" for name, count in sorted(Counter(r["source"] for r in facts.replays).items())
        ),
        rejected=[(stage, reason, count) for (stage, reason), count in sorted(rejected.items())],
        schema_version=SCHEMA_VERSION,
        frame_columns=list(_column_rows(facts.columns)),
    )


def _description(facts: CardFacts) -> str:
    rate = _SAMPLINGS[facts.made_with["sampling"]][0].format(**facts.made_with)
    rows = sum(row["rows"] for row in facts.replays)
    return f"{ABOUT} {len(facts.replays)} matches, {rows} rows, {rate}."


def _split(name: str, replays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [row for row in replays if row["split"] == name]
    return {
        "name": name,
        "matches": len(own),
        "share": len(own) / len(replays),
        "rows": sum(row["rows"] for row in own),
        "hours": sum(row["recorded_seconds"] for row in own) / 3600,
    }


def _synthetic(replays: Sequence[Mapping[str, Any]]) -> str:
    made_up = sum(row["is_synthetic"] for row in replays)
    if not made_up:
        return ""
    return "Every match is" if made_up == len(replays) else f"{made_up} of the {len(replays)} matches are"


def _dates(replays: Sequence[Mapping[str, Any]]) -> str:
    dates = sorted({f"{row['date']:%Y-%m-%d}" for row in replays if row["date"] is not None})
    return " to ".join(dict.fromkeys((dates[0], dates[-1]))) if dates else ""


def _example_column(columns: Sequence[Column]) -> list[str]:
    names = [column.name for column in columns]
    return [name for name in names if name in ("ball_pos_x", "p0_pos_x", "p0_boost")][:1]


def _column_rows(columns: Iterable[Column]) -> Iterable[dict[str, Any]]:
    """Yield what the card says of every column; of the player columns once, for all slots."""
    for column in columns:
        match = PLAYER_COLUMN.fullmatch(column.name)
        if match and match[1] != "0":
            continue
        bounds = (column.lower, column.upper)
        yield {
            "name": f"p*_{match[2]}" if match else column.name,
            "dtype": column.dtype,
            "unit": column.unit,
            "range": ""
            if bounds == (None, None)
            else " to ".join("" if b is None else f"{b:g}" for b in bounds).strip(),
            "nullable": column.nullable,
            "meaning": column.meaning,
        }
