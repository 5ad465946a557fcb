"""The documents are true: their snippets run, their targets, files and settings exist."""

from __future__ import annotations

import re
import shutil
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from tests.paths import ROOT
from tests.settings import composed

import impulse.collection
from impulse.demo import Recording
from impulse.replay.reasons import Reason
from impulse.tables.document import data_readme
from impulse.tables.event_kinds.document import events_document

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
    shutil.copy(synthetic[0], tmp_path / "replays" / "my_replay.replay")  # a snippet may write over it
    exec(compile(snippet, "README.md", "exec"), {})


def test_each_line_about_a_failure_names_a_test_that_exists() -> None:
    """A row of the page on reliability ends with the test that shows it."""
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|") and not line.startswith(("| what", "| ---"))]
    assert rows
    for row in rows:
        _, what, does, shown, _ = (cell.strip() for cell in row.split("|"))
        file, _, name = shown.partition("::")
        assert what, row
        assert does, row
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), row


def test_modules_that_a_room_points_to_exist() -> None:
    """The docstring of the collection says where to go."""
    names = re.findall(r"``([a-z_0-9.]+)``", impulse.collection.__doc__ or "")
    assert "client" in names
    for name in names:
        assert find_spec(name if name.startswith("impulse.") else f"impulse.collection.{name}"), name


def test_make_targets_exist() -> None:
    """Every `make <target>` of the documents is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in set(DOCUMENTS) - {"docs/migration.md"}:  # which names what is gone
        named = re.findall(
            r"(?:^|[`\s])make ([a-z-]+(?: [a-z-]+)*)(?=[\s`]*(?:#|`|$))", (ROOT / document).read_text(), re.MULTILINE
        )
        words = {word for line in named for word in line.split()}
        assert words <= targets, (document, words - targets)


def test_the_quick_part_of_the_suite_leaves_out_what_the_suite_leaves_out() -> None:
    """A `-m` on the command line takes the place of the one in pyproject.toml, so it has to name all of it again."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    (usual,) = (set(option.removeprefix("-m ").split(" and ")) for option in options if option.startswith("-m "))
    for document in DOCUMENTS:
        for expression in re.findall(r'pytest[^`\n]* -m "([^"]+)"', (ROOT / document).read_text(encoding="utf-8")):
            assert usual <= set(expression.split(" and ")), (document, expression)


OVERRIDES = sorted(
    {
        quoted or plain
        for path in (*(ROOT / name for name in DOCUMENTS), *ROOT.glob("conf/**/*.yaml"))
        if path.name != "migration.md"
        for quoted, plain in re.findall(r"-S (?:'([^']+)'|([^\s`),;]+))", path.read_text(encoding="utf-8"))
    }
)
"""What documents and presets give to `dvc exp run -S`."""


@pytest.mark.parametrize("override", OVERRIDES)
def test_overrides_compose(override: str) -> None:
    """Each is one that conf/ takes; a choice of several is taken one by one."""
    (parsed,) = OverridesParser.create().parse_overrides([override])
    values = parsed.sweep_string_iterator() if parsed.is_sweep_override() else [parsed.get_value_element_as_str()]
    for value in values:
        composed(f"{parsed.get_key_element()}={value}")


def test_nothing_is_installed_under_the_name_of_impulse() -> None:
    """A package of that name in an index is somebody else's: impulse is installed from its checkout."""
    texts = [
        path for folder in ("stages", "docs", "conf", "deploy") for path in (ROOT / folder).rglob("*") if path.is_file()
    ]
    for path in (*texts, *ROOT.glob("*.md"), ROOT / "Makefile"):
        if path.suffix in (".py", ".md", ".yaml", ".sh", ""):
            assert not re.search(r"pip install (?:-\S+ )*['\"]?impulse\b", path.read_text(encoding="utf-8")), path


def test_every_dependency_has_a_reason() -> None:
    """The table of CONTRIBUTING.md names what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = (*project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values())
    asked = {re.split(r"[<>=;]", name)[0] for group in (project["project"]["dependencies"], *groups) for name in group}
    rows = (ROOT / "CONTRIBUTING.md").read_text().split("| package | why |")[1].split("\n\n")[0]
    assert asked <= set(
        re.findall(r"[\w-]+(?:\.[\w-]+)*", " ".join(row.split("|")[1] for row in rows.splitlines()[2:]))
    )


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
    """Modules that CONTRIBUTING.md names are there, under the path that it gives."""
    named = re.findall(r"(?<![\w/*.])(?:\w+/)*\w+\.py\b", (ROOT / "CONTRIBUTING.md").read_text())
    assert "schema/feature_columns.py" in named
    for name in named:
        is_there = any((place / name).is_file() for place in (ROOT, ROOT / "stages" / "impulse"))
        assert is_there or ("/" not in name and any((ROOT / "stages").rglob(name))), name


def test_named_tests_exist() -> None:
    """Code and documents name tests that show what they say."""
    texts = (*(ROOT / "stages").rglob("*.py"), *(ROOT / name for name in DOCUMENTS))
    named = {name for path in texts for name in re.findall(r"\btests/[\w/]+\.py\b", path.read_text(encoding="utf-8"))}
    assert "tests/benchmarks/writing.py" in named
    assert not {name for name in named if not (ROOT / name).is_file()}


def test_tables_and_events_are_described_as_they_are() -> None:
    """`make docs` was called after the last change of a column, or of a kind of events."""
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == data_readme()
    assert (ROOT / "docs" / "events.md").read_text(encoding="utf-8") == events_document()


def test_every_reason_has_a_meaning() -> None:
    """A reason code without an explanation helps nobody."""
    source = (ROOT / "stages" / "impulse" / "replay" / "reasons.py").read_text()
    for reason in Reason:
        assert re.search(rf'= "{reason.value}"\n    """.+"""', source), reason
