"""The short way to one synthetic replay."""

from __future__ import annotations

from pathlib import Path

from impulse.demo.match.generator import MatchPlan, generate
from impulse.demo.writer.plan import RecordingPlan
from impulse.demo.writer.recording import Recording
from impulse.demo.writer.version import LATEST, FormatVersion


def write_replay(
    path: str | Path,
    *,
    seed: int = 0,
    team_size: int = 3,
    duration_seconds: float = 75.0,
    goals: int | None = None,
    demolitions: int | None = None,
    bots: int = 0,
    join_frame: int | None = None,
    leave_frame: int | None = None,
    is_forfeit: bool = False,
    version: FormatVersion = LATEST,
    dropped_updates: float = 0.5,
) -> Recording:
    """Write a synthetic replay and return the truth about it.

    Same arguments, same bytes. The file is marked as synthetic in its header's ``ReplayName``.

    Args:
        path: file to write; its folder must exist.
        seed: decides everything that is not given.
        team_size: players of each team, 1..4.
        duration_seconds: playing time in seconds.
        goals: number of goals; None draws about one in 45 s.
        demolitions: number of demolitions; None draws about one in 25 s.
        bots: so many players of team 1 are bots.
        join_frame: frame in which the last player of team 1 joins; the parser's array call fails from 302 on.
        leave_frame: frame in which the last player of team 0 leaves.
        is_forfeit: team 1 gives up before the clock runs out.
        version: format of the file, one of :data:`impulse.demo.VERSIONS`.
        dropped_updates: share (0..1) of rigid-body updates that the file lacks, as real ones do.

    Returns:
        The recording. Its ``match`` holds the truth: ``time`` (F,) float32 s, ``ball`` and ``cars`` with
        position uu, velocity uu/s, spin rad/s and rotation, ``boost`` (F, P) 0..255, ``players``, ``goals``,
        ``demolitions``, ``pickups`` and more.

    Raises:
        ConfigError: an argument is out of range.
        OSError: the file cannot be written.
    """
    match = generate(
        MatchPlan(
            seed=seed,
            team_size=team_size,
            duration_seconds=duration_seconds,
            goals=goals,
            demolitions=demolitions,
            bots=bots,
            join_frame=join_frame,
            leave_frame=leave_frame,
            is_forfeit=is_forfeit,
        )
    )
    recording = Recording(match, RecordingPlan(version=version, dropped_updates=dropped_updates))
    Path(path).write_bytes(recording.data)
    return recording
