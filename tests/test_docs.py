"""The documents are true: their snippets run, their targets, files and settings exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.paths import ROOT

from impulse.demo import Recording
from impulse.replay.reasons import Reason
from impulse.tables.document import data_readme

README = (ROOT / "README.md").read_text(encoding="utf-8")
LIBRARY = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
SNIPPETS = [part.split("```")[0] for part in (README + LIBRARY).split("```python\n")[1:]]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "deploy/README.md",
    *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/*.md")),
)


@pytest.mark.parametrize(
    "snippet",
    [s for s in SNIPPETS if "impulse" in s and "download_group" not in s],
    ids=lambda s: s.splitlines()[0],
)
def test_library_snippets_run_as_written(
    snippet: str, synthetic: tuple[Path, Recording], dataset: Path, tmp_path: Path, monkeypatch
) -> None:
    """Each snippet runs beside replays/my_replay.replay and data/export; downloads are tested against a server of our own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "export").symlink_to(dataset)
    (tmp_path / "replays").mkdir()
    (tmp_path / "replays" / "my_replay.replay").symlink_to(synthetic[0])
    exec(compile(snippet, "README.md", "exec"), {})


def test_make_targets_exist() -> None:
    """Every `make <target>` of the documents is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in set(DOCUMENTS) - {"docs/migration.md"}:  # which names what is gone
        named = re.findall(
            r"(?:^|[`\s])make ([a-z-]+(?: [a-z-]+)*)(?=[\s`]*(?:#|`|$))", (ROOT / document).read_text(), re.MULTILINE
        )
        words = {word for line in named for word in line.split()}
        assert words <= targets, (document, words - targets)


def test_linked_documents_exist() -> None:
    """No link leads nowhere."""
    for document in (*DOCUMENTS, "docs/decisions/README.md", "data/README.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http)([^)#]+)", text):
            assert ((ROOT / document).parent / target).exists(), (document, target)


def test_the_readme_is_short() -> None:
    """What a newcomer reads first fits into a few minutes."""
    assert len(README.splitlines()) <= 150


def test_presets_of_the_table_exist() -> None:
    """The table of groups names every preset and no other."""
    listed = {
        word
        for line in README.split("| group |")[1].split("\n\n")[0].splitlines()[2:]
        for word in re.findall(r"\w+", line.split("|")[2])
    }
    existing = {path.stem for path in (ROOT / "conf").glob("*/*.yaml") if path.parent.name != "experiment"}
    assert listed == existing


def test_named_modules_exist() -> None:
    """Modules that CONTRIBUTING.md names are there."""
    package = ROOT / "stages" / "impulse"
    for name in re.findall(r"\b([a-z_]+/)?([a-z_]+\.py)\b", (ROOT / "CONTRIBUTING.md").read_text()):
        places = (package, ROOT / "tests")
        assert any(list(place.rglob(name[1])) for place in places) or (ROOT / "stages" / name[1]).is_file(), name


def test_the_tables_of_data_are_described_as_they_are() -> None:
    """`make docs` was called after the last change of a column."""
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == data_readme()


def test_every_reason_has_a_meaning() -> None:
    """A reason code without an explanation helps nobody."""
    source = (ROOT / "stages" / "impulse" / "replay" / "reasons.py").read_text()
    for reason in Reason:
        assert re.search(rf'= "{reason.value}"\n    """.+"""', source), reason
