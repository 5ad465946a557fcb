"""The list of edits is kept: each can be made in the code as it is."""

from __future__ import annotations

import pytest
from tests.mutants.edit import Edit
from tests.mutants.edits import EDITS
from tests.paths import ROOT


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_finds_its_text_once(edit: Edit) -> None:
    """Whoever changes a line that an edit breaks changes the edit; `make test-mutants` tries it."""
    assert (ROOT / edit.path).read_text(encoding="utf-8").count(edit.old) == 1
    assert edit.new != edit.old


def test_names_of_edits_are_unique() -> None:
    """One name, one edit."""
    assert len({edit.name for edit in EDITS}) == len(EDITS)
