from __future__ import annotations

from datetime import datetime

import pytest

from impulse.replay.facts import match_id, recording_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-04-28 19-39-28", datetime(2026, 4, 28, 19, 39, 28)),  # noqa: DTZ001 - the header has no time zone
        ("2015-10-27:18-29", datetime(2015, 10, 27, 18, 29)),  # noqa: DTZ001
        ("2020-02-31 00-00-00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_recording_date_reads_every_spelling(text, expected) -> None:
    """Both spellings of the header's date are read; nonsense is unknown, not an error."""
    assert recording_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("ab12", "AB12"), ("0" * 32, None), ("", None), (None, None), (7, None)]
)
def test_match_id_knows_placeholders(text, expected) -> None:
    """An all-zero id is no id: otherwise unrelated matches would be merged."""
    assert match_id(text) == expected
