"""The page about real replays is what was counted of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from tests.paths import ROOT

from impulse.demo import Recording
from impulse.errors import SourceError
from impulse.export.quality import GROUPS, KINDS
from impulse.sharing.data_quality import ERAS, Looked, era_of, look_at, main, page


def looked(era: str, version: str, *values: int) -> Looked:
    """Return a replay of 10 rows of which every group has the same values."""
    return Looked(era, version, 10, [list(values)] * len(GROUPS), [0.2, 0.4, 1.2])


def test_the_page_adds_up_each_era() -> None:
    """Recorded values first, then what there is of others; eras without recordings have no column."""
    text = page(
        [
            looked("2015 and 2016", "868.9", 10, 0, 0, 0),
            looked("2015 and 2016", "868.14", 5, 5, 0, 0),
            looked("from October 2024", "868.32.10", 7, 1, 0, 2),
        ],
        ["truncated", "not_a_replay", "truncated"],
    )
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert "2017" not in text
    assert "| 2015 and 2016 | 2 | 20 | 868.9 to 868.14 | 0.4; 90 % are within 1.2 |" in text
    assert "Measured on 3 real recordings at 10 rows a second" in text
    assert "1 not_a_replay, 2 truncated." in text
    boost = next(row for row in rows if "p*_boost" in row)
    assert boost.endswith("| car rows | 75.0 (25.0 modelled) | 70.0 (10.0 modelled, 20.0 null) |")
    assert {row.count("|") for row in rows[-len(GROUPS) :]} == {6}


def test_eras_follow_each_other() -> None:
    """A recording is of the era in which it began, and one without a date of none."""
    dates = [(2015, 7, 7), (2016, 12, 31), (2017, 1, 1), (2019, 12, 31), (2024, 9, 30), (2024, 10, 1), (2031, 1, 1)]
    names = [name for name, *_ in ERAS]
    found = [era_of(datetime(*date)) for date in dates]  # noqa: DTZ001 - as headers have it
    assert [names.index(name) for name in found] == [0, 0, 1, 1, 2, 3, 3]
    assert era_of(None) == "unknown date"


def test_replays_that_impulse_wrote_are_not_counted(synthetic: tuple[Path, Recording], tmp_path: Path) -> None:
    """They say nothing about the game; a folder without others gives no page."""
    assert look_at(synthetic[0]) is None
    with pytest.raises(SourceError, match=r"^no real replay that gives frames is in .*name a folder that has some$"):
        main([str(tmp_path)])


@pytest.mark.real_replays
def test_a_real_replay_is_counted(real_replays: Path) -> None:
    """A clip of 2018: every value is one of the kinds, and old demolitions are not known."""
    found = look_at(real_replays / "clip" / "1_AERIAL.replay")
    assert found is not None
    assert (found.era, found.format_version) == ("2017 to 2019", "868.23.8")
    assert sum(found.counts[0]) == found.rows


def test_the_page_in_docs_has_every_group_and_era() -> None:
    """`make data-quality` was called after the last change of what is counted."""
    text = (ROOT / "docs" / "data-quality.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert [row.split(" | ")[1:3] for row in rows] == [[group.meaning, group.of.value] for group in GROUPS]
    assert all(
        f"`{name}`" in row for group, row in zip(GROUPS, rows, strict=True) for name in group.columns.split(", ")
    )
    assert all(f"- *{kind}*: " in text for kind in KINDS)
    assert all(name in text for name, *_ in ERAS)
