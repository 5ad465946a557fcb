"""How many samples a replay has, by the parser alone."""

from __future__ import annotations

from pathlib import Path

import subtr_actor


def samples_at_10fps(path: Path) -> int:
    """Return how many of the parser's rows, ten a second, show a network frame that is not further from them than 0.25 s."""
    _, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
        path, ["CurrentTime", "FrameTime"], [], fps=10.0, dtype="float32"
    )
    return int((abs(array[:, 1] - array[:, 0]) <= 0.25).sum())
