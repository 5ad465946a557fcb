"""The dataset card: what is in the dataset, in what units, and how to load it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from impulse.config.export import ExportParams, SplitBy
from impulse.export.plots import OVERVIEW
from impulse.export.quality import MEANINGS, KindCounts, shares
from impulse.export.templates import filled
from impulse.replay.modes import is_mutated
from impulse.schema.column import SCHEMA_VERSION, Column
from impulse.schema.frames import PLAYER_COLUMN
from impulse.schema.sampling import LONGEST_LOOK_SECONDS
from impulse.tables.accounts import account
from impulse.tables.paths import SPLITS

TITLE = "Rocket League frames"

ABOUT = (
    "Frames of Rocket League matches: positions, velocities, rotations and boost of every player and the ball, with tables of "
    "replays, players, stints, goals and demolitions."
)

RIGHTS = "No licence is given: the rights in the replays remain with their owners."

_SAMPLINGS = {
    "parser": (
        "{fps:g} a second",
        "It is at or after `time`, so a row looks up to a frame ahead. {gaps}",
    ),
    "causal": (
        "{fps:g} a second without look-ahead",
        "It is at or before `time`: no row knows anything of the future.",
    ),
    "native": ("one for each network frame", "Here both are the same."),
}
"""How rows were sampled: for the first sentence, and what it means for the times."""

_GAPS = {
    "drop": "Rows that would look more than {look:g} s ahead, in gaps after goals and on bad connections, are left out.",
    "keep": "In gaps of the recording, after goals and on bad connections, rows with `is_held` look seconds ahead.",
}
"""The same for gaps of the recording."""

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


def dataset_card(
    *,
    replays: Sequence[Mapping[str, Any]],
    players: Iterable[Mapping[str, Any]],
    goals: int,
    rejects: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    tables: Mapping[str, int],
    made_with: Mapping[str, Any],
    params: ExportParams,
    quality: KindCounts,
    stale_share: float,
) -> str:
    """Return the card as Markdown, with the head that the Hugging Face hub and its library read.

    Args:
        replays: rows of the exported replays table.
        players: platform, player_id and is_bot of the exported players table.
        goals: rows of the exported goals table.
        rejects: stage and reason of every input that is not in the dataset.
        columns: columns of the frames.
        tables: rows of the tables beside the frames, by name.
        made_with: frame rate, sampling, rows in gaps and slots.
        params: how the dataset was exported.
        quality: how many values of the frames the game recorded.
        stale_share: share of the bytes of the frames that the columns of staleness take.
    """
    rate, look_ahead = _SAMPLINGS[made_with["sampling"]]
    gaps = _GAPS[made_with["gap_rows"]].format(look=LONGEST_LOOK_SECONDS)
    rows = sum(row["rows"] for row in replays)
    sources = sorted(Counter(row["source"] for row in replays).items())
    rejected = sorted(Counter((row["stage"], row["reason"]) for row in rejects).items())
    splits = [_split(name, replays) for name in SPLITS]
    return filled(
        "card.md.j2",
        title=TITLE,
        description=f"{ABOUT} {len(replays)} matches, {rows} rows, {rate.format(**made_with)}.",
        synthetic=_synthetic(replays),
        origin=_origin(replays),
        splits=splits,
        people=len({person for row in players if (person := account(row))}),
        goals=goals,
        dates=_dates(replays),
        mutated=_mutated(replays),
        inputs=len(replays) + len(rejects),
        overview=OVERVIEW,
        split_text=_SPLIT_TEXTS[params.split_by],
        shares=", ".join(f"{getattr(params, name):g} {name}" for name in SPLITS),
        params=params,
        tables=tables,
        has_events="events" in tables,
        has_stats="player_stats" in tables,
        has_pads="pads" in tables,
        example=max(splits, key=lambda split: split["matches"])["name"],
        columns=["replay_id", "row", "time", *_example_column(columns)],
        look_ahead=look_ahead.format(gaps=gaps),
        quality=list(shares(quality, [column.name for column in columns])),
        meanings={kind.value: meaning for kind, meaning in MEANINGS.items()},
        stale_percent=f"{100 * stale_share:.1f}",
        slots=made_with["slots_per_team"],
        sources=", ".join(f"{count} from {name}" for name, count in sources),
        rejected=[(stage, reason, count) for (stage, reason), count in rejected],
        schema_version=SCHEMA_VERSION,
        frame_columns=list(_column_rows(columns)),
    )


def _split(name: str, replays: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [row for row in replays if row["split"] == name]
    return {
        "name": name,
        "matches": len(own),
        "share": len(own) / len(replays),
        "rows": sum(row["rows"] for row in own),
        "hours": sum(row["recorded_seconds"] for row in own) / 3600,
    }


def _origin(replays: Sequence[Mapping[str, Any]]) -> str:
    """Return who made the files."""
    made = {row["is_synthetic"] for row in replays}
    recorded = ["replay files that players of Rocket League recorded"] if False in made else []
    return " and ".join([*recorded, *(["synthetic matches that it made up"] if True in made else [])])


def _synthetic(replays: Sequence[Mapping[str, Any]]) -> str:
    made_up = sum(row["is_synthetic"] for row in replays)
    if not made_up:
        return ""
    if made_up == len(replays):
        return "Every match is"
    return f"{made_up} of the {len(replays)} matches {'is' if made_up == 1 else 'are'}"


def _mutated(replays: Sequence[Mapping[str, Any]]) -> str:
    """Return how many matches have mutators, empty where none has."""
    found = [is_mutated(row["mutators"], row["mode"]) for row in replays]
    count, unknown = found.count(True), found.count(None)
    of_unknown = f", of {unknown} it is not known" if unknown else ""
    return (
        f"{count} of the {len(replays)} matches {'has' if count == 1 else 'have'} mutators{of_unknown}"
        if count or unknown
        else ""
    )


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
