from __future__ import annotations

import json
from pathlib import Path

import pytest

from impulse.errors import StageError
from impulse.run.job import Counts
from impulse.run.metrics import write_counts


def test_metrics_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    """A replay that is neither kept nor rejected would be lost without a trace."""
    with pytest.raises(StageError, match="5 replays came in, but 3 went out and 1 were rejected"):
        write_counts("parse", Counts(5, 3, {"decode_failed": 1}), tmp_path)
    assert not (tmp_path / "parse.json").exists()


def test_metrics_depend_on_the_content_alone(tmp_path: Path) -> None:
    """The same counts give the same bytes."""
    contents = []
    for number in range(2):
        folder = tmp_path / str(number)
        write_counts("parse", Counts(5, 3, {"a": 1, "b": 1}, figures={"rows": 9}, packages=("numpy",)), folder)
        contents.append((folder / "parse.json").read_bytes())
    assert json.loads(contents[0])["rejected_total"] == 2
    assert contents[0] == contents[1]
