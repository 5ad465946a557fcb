"""A corpus of synthetic replays: ordinary matches, and one of everything that makes real folders difficult.

Owns: which kinds of files a corpus holds. Twelve matches give sixteen files of about 75 s of play each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from impulse.demo.match.cutting import cut
from impulse.demo.match.draws import Draws
from impulse.demo.match.generator import MatchPlan, generate
from impulse.demo.match.truth import Match
from impulse.demo.writer.plan import GuidPlace, RecordingPlan
from impulse.demo.writer.recording import Recording
from impulse.demo.writer.version import LATEST, VERSIONS, FormatVersion
from impulse.replay.container import read_body, read_header


class Kind(Enum):
    """What a file of the corpus is; the value is the last part of its name."""

    MATCH = "match"
    """An ordinary match."""
    OLD_FORMAT = "old-format"
    """A match of three goals in an older format: no match guid anywhere, and demolitions that the parser does not see."""
    LEAVER = "leaver"
    """A player leaves before the end; the header's statistics lack him."""
    JOINER = "joiner"
    """A player joins in frame 302 or later, on which the parser's array call fails."""
    BOTS = "bots"
    """Bots fill one team."""
    GUEST = "guest"
    """Two play at one screen, on one account."""
    SIDE_CHANGE = "side-change"
    """A player leaves his team for the other."""
    FORFEIT = "forfeit"
    """Given up without a goal, so that the header lacks both scores."""
    MUTATED = "mutated"
    """A match of named teams with a larger, faster ball and more boost."""
    CLIP = "clip"
    """Five seconds of a match."""
    SECOND_RECORDING = "second-recording"
    """A match of the corpus recorded by another player: other id, times, start, end, time zone and dropped updates."""
    COPY = "copy"
    """The very bytes of another file."""
    CORRUPT = "corrupt"
    """Bits of the network data are flipped and the CRC no longer fits."""


ROUND = (
    Kind.MATCH, Kind.LEAVER, Kind.MATCH, Kind.JOINER, Kind.SIDE_CHANGE, Kind.BOTS,
    Kind.OLD_FORMAT, Kind.CLIP, Kind.MUTATED, Kind.FORFEIT, Kind.GUEST, Kind.MATCH,
)  # fmt: skip
"""Kinds of consecutive matches, over and over."""

HAS_COPY = 0
"""Place in a round of the match that comes with an exact copy."""
HAS_SECOND_RECORDING = (0, 6)
"""Places in a round of the matches that come with a second recording: one with a match guid, one without."""
HAS_CORRUPT = 8
"""Place in a round of the match that comes with a corrupt file."""

TEAM_SIZES = (3, 2, 1, 2, 3, 3, 2, 1, 2, 3, 4, 1)
"""Players a side of consecutive matches; 3v3 and 2v2 are the most played."""
CLIP_S = 5.0
"""Recorded length of a clip; fewer than a hundred rows at 10 rows a second."""
JOIN_FRAMES = (320, 700)
"""When a joiner joins, in frames of 0.035 s; later than the parser's array call accepts."""
LEAVE_FRAMES = (600, 1100)
"""When a leaver leaves, or a player changes sides, in frames of 0.035 s."""
TRIM_FRAMES = (15, 60)
"""How much later a second recording starts and how much earlier it ends, each."""
TIME_SHIFT_S = (2.0, 40.0)
"""How far a second recording's clock is ahead."""
ZONE_MINUTES = (-480, -60, 60, 345, 540)
"""Where second recorders live: how far their clocks are ahead of the first's."""
MUTATED_RULES = (
    ("TAGame.Ball_TA:ReplicatedBallScale", 1.3),
    ("TAGame.Ball_TA:ReplicatedBallMaxLinearSpeedScale", 1.5),
    ("TAGame.CarComponent_Boost_TA:BoostModifier", 10.0),
)
"""What the game tells of a match with mutators (values of real files)."""
TEAM_NAMES = ("Synthetic Blues", "Synthetic Oranges")
OLD_FORMAT = "868.24.10"
"""Name of the older format version in :data:`impulse.demo.VERSIONS`."""


@dataclass(frozen=True, slots=True)
class DemoReplay:
    """One file of the corpus."""

    name: str
    """File name, unique in the corpus."""
    data: bytes
    kind: Kind
    recording: Recording
    """Truth of the file; for a corrupt one, of the file before it was damaged."""


def corpus(*, matches: int = 12, seed: int = 0, duration_seconds: float = 75.0) -> Iterator[DemoReplay]:
    """Yield a corpus of synthetic replays, file by file, so that it is never in memory as a whole.

    The bytes depend on the arguments alone, and those of one match not on the number of matches.

    Args:
        matches: number of different matches; there are four more files for every twelve.
        seed: corpora of different seeds share no match and no player.
        duration_seconds: mean playing time of a match in seconds.
    """
    for number in range(matches):
        yield from _match_files(number, seed=seed, duration_seconds=duration_seconds)


def file_names(*, matches: int = 12) -> Iterator[str]:
    """Yield the names of the files of :func:`corpus`, without making any."""
    for number in range(matches):
        for kind in _kinds(number):
            yield _file_name(number, kind)


def _kinds(number: int) -> Iterator[Kind]:
    """Yield what the files of a match are."""
    place = number % len(ROUND)
    yield ROUND[place]
    if place in HAS_SECOND_RECORDING:
        yield Kind.SECOND_RECORDING
    if place == HAS_COPY:
        yield Kind.COPY
    if place == HAS_CORRUPT:
        yield Kind.CORRUPT


def _file_name(number: int, kind: Kind) -> str:
    return f"demo-{number:05d}-{kind.value}.replay"


def _match_files(number: int, *, seed: int, duration_seconds: float) -> Iterator[DemoReplay]:
    kinds = list(_kinds(number))
    kind = kinds[0]
    plan = _plan(number, kind, seed=seed, duration_seconds=duration_seconds)
    match = generate(plan)
    if kind is Kind.CLIP:
        match = _clip(match)
    recording = Recording(match, _recording_plan(kind))

    def named(kind: Kind, data: bytes, source: Recording = recording) -> DemoReplay:
        return DemoReplay(_file_name(number, kind), data, kind, source)

    yield named(kind, recording.data)
    if Kind.SECOND_RECORDING in kinds:
        second = second_recording(recording)
        yield named(Kind.SECOND_RECORDING, second.data, second)
    if Kind.COPY in kinds:
        yield named(Kind.COPY, recording.data)
    if Kind.CORRUPT in kinds:
        yield named(Kind.CORRUPT, with_flipped_bits(recording.data, seed=number))


def _plan(number: int, kind: Kind, *, seed: int, duration_seconds: float) -> MatchPlan:
    draws = Draws(seed, "corpus", number)
    team_size = TEAM_SIZES[number % len(TEAM_SIZES)]
    return MatchPlan(
        seed=draws.word(),
        team_size=team_size,
        duration_seconds=duration_seconds * draws.uniform(0.8, 1.2),
        goals={Kind.FORFEIT: 0, Kind.OLD_FORMAT: 3}.get(kind),
        bots=team_size if kind is Kind.BOTS else 0,
        join_frame=draws.integer(*JOIN_FRAMES) if kind is Kind.JOINER else None,
        leave_frame=draws.integer(*LEAVE_FRAMES) if kind is Kind.LEAVER else None,
        change_frame=draws.integer(*LEAVE_FRAMES) if kind is Kind.SIDE_CHANGE else None,
        has_guest=kind is Kind.GUEST,
        is_forfeit=kind is Kind.FORFEIT,
        roster_seed=seed,
    )


def _recording_plan(kind: Kind) -> RecordingPlan:
    plan = RecordingPlan(version=_version(kind), is_unfinished=kind is Kind.CLIP)
    if kind is Kind.OLD_FORMAT:
        return replace(plan, guid=GuidPlace.NOWHERE)
    return replace(plan, rules=MUTATED_RULES, team_names=TEAM_NAMES) if kind is Kind.MUTATED else plan


def _version(kind: Kind) -> FormatVersion:
    if kind is Kind.OLD_FORMAT:
        return next(version for version in VERSIONS if version.name == OLD_FORMAT)
    return LATEST


def _clip(match: Match) -> Match:
    """Return the last seconds before the first goal, or the first of the match."""
    last = match.goals[0].frame if match.goals else match.plays[0].go
    stop = min(last + 20, match.frames)
    first = int(np.searchsorted(match.time, float(match.time[stop - 1]) - CLIP_S))
    return cut(match, first=first, stop=stop)


def second_recording(recording: Recording, *, recorder: int = 1) -> Recording:
    """Return the same match as another player's game recorded it, in the same format.

    He started later and stopped earlier, his game's clock and his time zone are others, and his recording lacks other updates.
    """
    match, draws = recording.match, Draws(recording.match.seed, "second recording", recorder)
    first = draws.integer(*TRIM_FRAMES)
    part = cut(match, first=first, stop=match.frames - draws.integer(*TRIM_FRAMES))
    shifted = replace(part, time=part.time + np.float32(draws.uniform(*TIME_SHIFT_S)))
    plan = replace(
        recording.plan,
        recorder=recorder,
        starts_after_s=float(match.time[first] - match.time[0]),
        zone_minutes=draws.choice(ZONE_MINUTES),
    )
    return Recording(shifted, plan)


def with_flipped_bits(data: bytes, *, count: int = 8, seed: int = 0) -> bytes:
    """Return the file with so many different bits of its network data flipped, and its CRCs as they were.

    A parser may read it without complaint and return other values.
    """
    body = read_body(data, read_header(data))
    draws = Draws(seed, "flips")
    damaged = bytearray(data)
    flipped: set[int] = set()
    while len(flipped) < count:
        flipped.add(draws.integer(8 * body.network_offset, 8 * (body.network_offset + body.network_size) - 1))
    for bit in flipped:
        damaged[bit >> 3] ^= 1 << (bit & 7)
    return bytes(damaged)
