"""Second recordings of synthetic matches, and real clips that look alike, through the functions of the real stages."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.jobs import job

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate
from impulse.config.dedupe import DedupeParams
from impulse.config.fetch import SourceKind
from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.config.validate import ValidateParams
from impulse.dedupe import stage as dedupe
from impulse.dedupe.matches import decide
from impulse.dedupe.recordings import IDENTIFIED_PLAYERS, read_recordings
from impulse.demo import LATEST, VERSIONS, GuidPlace, MatchPlan, Recording, RecordingPlan, generate, second_recording
from impulse.demo.corpus import ZONE_MINUTES
from impulse.parsing import stage as parsing
from impulse.validation import stage as validation

OLD = next(version for version in VERSIONS if version.name == "868.24.10")
MODERN = RecordingPlan(version=LATEST)
NAMELESS = RecordingPlan(version=LATEST, guid=GuidPlace.NOWHERE)


def decisions_of(
    files: Iterable[Candidate], folder: Path, *, fps: float = 10.0, params: DedupeParams | None = None
) -> dict[str, dict[str, Any]]:
    """Take files through fetch, parse, validate and dedupe; return the decisions by the path in the source."""
    parse = ParseParams(fps=fps, player_features=list(ParsingConfig.get_preset("standard").params().player_features))
    take_in(files, source=SourceKind.local, storage=RawStorage.in_folder(folder / "raw"))
    parsing.run(job(parse, folder))
    validation.run(job(ValidateParams(), folder))
    dedupe.run(job(params or DedupeParams(), folder))
    replays = pq.read_table(folder / "parsed" / "replays.parquet")
    paths = dict(zip(replays["replay_id"].to_pylist(), replays["source_path"].to_pylist(), strict=True))
    return {paths[row["replay_id"]]: row for row in pq.read_table(folder / "deduped" / "decisions.parquet").to_pylist()}


def recordings(name: str, plan: MatchPlan, how: RecordingPlan, *, recorders: int = 2) -> list[Candidate]:
    """Return a match as several people recorded it; the first recording is the longest."""
    first = Recording(generate(plan), how)
    all_of_them = [first, *(second_recording(first, recorder=number) for number in range(1, recorders))]
    return [Candidate(f"{name}-{number}.replay", item.data) for number, item in enumerate(all_of_them)]


@pytest.fixture(scope="module")
def decisions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The same four people play one match after the other."""
    wish: dict[str, Any] = {"team_size": 2, "duration_seconds": 25.0, "roster_seed": 1}
    files = [
        *recordings("guid", MatchPlan(seed=1, goals=1, **wish), MODERN),
        *recordings("facts", MatchPlan(seed=2, goals=4, **wish), NAMELESS, recorders=3),
        *recordings("old", MatchPlan(seed=3, goals=3, **wish), OLD_PLAN),
        *recordings("other", MatchPlan(seed=4, goals=4, **wish), NAMELESS, recorders=1),
        *recordings("goalless", MatchPlan(seed=5, goals=0, **wish), NAMELESS),
        *recordings("spelled", MatchPlan(seed=7, goals=2, **wish), RecordingPlan(guid=GuidPlace.OTHERWISE)),
        *recordings("network", MatchPlan(seed=8, goals=0, **wish), RecordingPlan(guid=GuidPlace.NETWORK)),
        *recordings("network2019", MatchPlan(seed=9, goals=1, **wish), RecordingPlan(version=OLD)),
        *recordings("forfeit", MatchPlan(seed=10, goals=0, is_forfeit=True, **wish), MODERN),
        *recordings("bots", MatchPlan(seed=6, goals=4, bots=1, team_size=1, duration_seconds=25.0), NAMELESS),
    ]
    return decisions_of(files, tmp_path_factory.mktemp("second"))


OLD_PLAN = RecordingPlan(version=OLD, guid=GuidPlace.NOWHERE)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("guid", "match_guid"),
        ("spelled", "match_guid"),
        ("network", "match_guid"),
        ("network2019", "match_guid"),
        ("forfeit", "match_guid"),
        ("facts", "fingerprint"),
        ("old", "fingerprint"),
    ],
)
def test_second_recordings_are_merged(decisions: dict[str, dict[str, Any]], name: str, source: str) -> None:
    """Other recorder, other Id, other start, end and time zone: with a guid anywhere by it, without one by the facts."""
    group = {path: decision for path, decision in decisions.items() if path.startswith(f"{name}-")}
    assert len(group) >= 2
    assert {path for path, decision in group.items() if decision["kept"]} == {f"{name}-0.replay"}
    assert {decision["match_key_source"] for decision in group.values()} == {source}
    assert len({decision["match_key"] for decision in group.values()}) == 1
    assert {decision["reason"] for decision in group.values()} == {"", "same_match"}


@pytest.mark.parametrize("name", ["goalless", "bots"])
def test_too_little_evidence_merges_nothing(decisions: dict[str, dict[str, Any]], name: str) -> None:
    """A match without goals, or of one person against a bot, could be any other of them."""
    group = [decision for path, decision in decisions.items() if path.startswith(name)]
    assert [decision["kept"] for decision in group] == [True, True]
    assert {decision["match_key_source"] for decision in group} == {"recording_id"}


def test_different_matches_of_the_same_people_stay_apart(decisions: dict[str, dict[str, Any]]) -> None:
    """Every match that was played has keys of its own."""
    names: dict[str, set[str]] = {}
    for path, decision in decisions.items():
        names.setdefault(decision["match_key"], set()).add(path.split("-")[0])
    assert all(len(found) == 1 for found in names.values())
    assert len(names) == 12  # goalless and bots twice


@pytest.mark.real_replays
def test_guids_spelled_as_in_2025_make_two_recordings_one_match(hazards: Path, tmp_path: Path) -> None:
    """They have two goals, which are too few for the facts, and one key, so one split."""
    paths = sorted((hazards / "people").glob("guid_spelled_otherwise_*.replay"))
    decisions = decisions_of([Candidate(path.name, path.read_bytes()) for path in paths], tmp_path)
    assert sorted(decision["kept"] for decision in decisions.values()) == [False, True]
    assert {decision["match_key"] for decision in decisions.values()} == {"95f38e0197bf11046f70b580b557d3a8"}


def test_the_fps_changes_neither_decision_nor_key(decisions: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """A sweep over the fps keeps every match in its split."""
    files = recordings(
        "facts", MatchPlan(seed=2, goals=4, team_size=2, duration_seconds=25.0, roster_seed=1), NAMELESS, recorders=3
    )
    swept = decisions_of(files, tmp_path, fps=1.0)
    for path, decision in swept.items():
        assert (decision["kept"], decision["match_key"]) == (decisions[path]["kept"], decisions[path]["match_key"])


@pytest.mark.real_replays
def test_real_clips_that_look_alike_are_not_merged(real_replays: Path, tmp_path: Path) -> None:
    """One player's clips of one evening share map, score and team size of the header; their guids, in network data, differ."""
    files = [Candidate(path.name, path.read_bytes()) for path in sorted((real_replays / "clip").glob("*.replay"))]
    decisions = decisions_of(files, tmp_path)
    replays = pq.read_table(tmp_path / "parsed" / "replays.parquet").to_pylist()
    alike = Counter(
        (row["map_code"], row["date"].date(), row["header_team_size"], row["blue_score"], row["orange_score"])
        for row in replays
    )
    assert max(alike.values()) >= 4
    assert len(decisions) == len(files)
    assert all(decision["kept"] for decision in decisions.values())
    assert len({decision["match_key"] for decision in decisions.values()}) == len(files)
    guids = [row["match_guid"] for row in replays]
    assert len(set(guids)) == len(files)
    assert guids.count(None) == 1  # of a match without a server
    assert not pq.read_table(tmp_path / "deduped" / "pairs.parquet").num_rows


@pytest.mark.real_replays
@pytest.mark.heavy
def test_every_real_match_of_three_goals_is_known_again(real_replays: Path, tmp_path: Path) -> None:
    """A twin of each replay as somebody else would have recorded it is merged with it and with no other replay.

    The twin is made of the replay's rows: another id, no match guid, another time zone, goals a tenth of a second off.
    """
    files = [Candidate(str(path), path.read_bytes()) for path in sorted(real_replays.rglob("*.replay"))]
    assert all(decision["kept"] for decision in decisions_of(files, tmp_path).values())
    names = ("replays", "players", "goals")
    tables = {name: pq.read_table(tmp_path / "parsed" / f"{name}.parquet") for name in names}
    draws = random.Random(1)
    twins = {name: [twin_row(row, draws) for row in tables[name].to_pylist()] for name in names}
    frames = dict.fromkeys(tables["replays"]["replay_id"].to_pylist(), 100)
    both = {
        name: pa.concat_tables([tables[name], pa.Table.from_pylist(twins[name], schema=tables[name].schema)])
        for name in names
    }
    known = read_recordings(
        both["replays"],
        both["players"],
        both["goals"],
        frames_shown=frames | {twin_id(replay_id): 90 for replay_id in frames},
        min_goals=3,
    )
    keys = {
        decision.replay_id: decision.match_key for decision in decide(known, DedupeParams(), row_seconds=0.1).decisions
    }
    people = Counter(row["replay_id"] for row in tables["players"].to_pylist() if not row["is_bot"])
    merged = {replay_id for replay_id in frames if keys[replay_id] == keys[twin_id(replay_id)]}

    assert len({keys[replay_id] for replay_id in frames}) == len(frames)
    assert merged == {
        item.replay_id
        for item in known
        if item.replay_id in frames and item.n_goals >= 3 and people[item.replay_id] >= IDENTIFIED_PLAYERS
    }
    assert len(merged) >= 20


def twin_id(replay_id: str) -> str:
    return replay_id[::-1]


def twin_row(row: dict[str, Any], draws: random.Random) -> dict[str, Any]:
    twin = {**row, "replay_id": twin_id(row["replay_id"])}
    if "sha256" in row:
        twin |= {
            "sha256": row["sha256"][::-1],
            "recording_id": twin["replay_id"].upper(),
            "match_guid": None,
            "date": row["date"] + timedelta(minutes=draws.choice(ZONE_MINUTES), seconds=draws.randint(-60, 60)),
            "recorded_seconds": row["recorded_seconds"] - draws.uniform(0, 40),
        }
    if row.get("time") is not None:
        twin["time"] = row["time"] + 17 + draws.uniform(-0.1, 0.1)
    return twin
