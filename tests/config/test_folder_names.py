from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.folder_names import folder_name

SETTINGS = st.lists(
    st.text(min_size=1, max_size=60) | st.from_regex(r"[a-z.]{1,9}=[\w.,\[\]-]{1,90}", fullmatch=True), min_size=1
)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (["parse.fps=5"], "parse.fps-5"),
        (["parse.fps=5", "features=minimal"], "parse.fps-5--features-minimal"),
        (["parse.player_features=[PlayerBoost,PlayerJump]"], "parse.player_features--PlayerBoost-PlayerJump-"),
    ],
)
def test_a_name_says_what_is_set(settings: list[str], name: str) -> None:
    """A digest follows where the name alone would not tell two settings apart."""
    assert re.fullmatch(re.escape(name) + (r"[0-9a-f]{8}" if name.endswith("-") else ""), folder_name(settings))


@given(SETTINGS, SETTINGS)
def test_names_are_short_plain_and_differ(one: list[str], other: list[str]) -> None:
    """No partition, pattern, hidden or overlong name, and no folder for two settings."""
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}", folder_name(one))
    assert (folder_name(one) == folder_name(other)) == (one == other)


def test_a_folder_adds_no_column(tmp_path: Path) -> None:
    """Pandas takes name=value in a path for a column of the table."""
    frame = pd.DataFrame({"rows": [1]})
    folder = tmp_path / folder_name(["parse.fps=5", "validate.rules.bots.severity=warn"])
    folder.mkdir()
    frame.to_parquet(folder / "t.parquet")
    assert list(pd.read_parquet(folder / "t.parquet").columns) == ["rows"]
