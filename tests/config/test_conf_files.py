"""Every slip in conf/ is one line with file, line and key."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.paths import ROOT

from impulse.config.conf_files import read_conf
from impulse.config.params_file import compose
from impulse.errors import ConfigError


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    (tmp_path / "stages").mkdir()
    return tmp_path


def line_after(checkout: Path, file: str, old: str, new: str | bytes, *, read: Any = read_conf) -> str:
    """Make a slip and return what is said about it."""
    path = checkout / "conf" / file
    before = path.read_bytes()
    assert old.encode() in before
    path.write_bytes(before.replace(old.encode(), new if isinstance(new, bytes) else new.encode(), 1))
    with pytest.raises(ConfigError) as caught:
        read(checkout)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "key", "problem"),
    [
        ("config.yaml", "  fps: 10.0", "\tfps: 10.0", "fps", "a tab cannot indent"),
        ("config.yaml", "  fps: 10.0", "  fps:\t10.0", "fps", "is no YAML"),
        ("config.yaml", "  fps: 10.0", "  fps: 010", "parse.fps", "YAML reads 010 as the number 8"),
        ("config.yaml", "  fps: 10.0", "  fps: 1:30", "parse.fps", "YAML reads 1:30 as the number 90"),
        ("config.yaml", "  slots_per_team: 4", "  fps: 5.0", "parse.fps", r"is set twice, first in line \d+;"),
        ("config.yaml", "  fps: 10.0", "  fps: [10.0", "fps", "a bracket is opened and not closed"),
        ("config.yaml", "  fps: 10.0", "  fps 10.0", "fps 10.0", "is no YAML"),
        ("config.yaml", "  fps: 10.0", "  fps:10.0", "fps", "there is no colon and space after the name"),
        ("config.yaml", "parse:", " parse:", "parse", "it begins further left or right than the lines"),
        ("config.yaml", "- source: demo", "- source:demo", "source", "write source: demo"),
        ("config.yaml", "rows a second", b"Zeilen f\xfcr Sekunden", "fps", "is not UTF-8"),
        ("config.yaml", "# Primary", b"\xef\xbb\xbf# Primary", "conf/config.yaml", "byte order mark"),
        ("config.yaml", "10.0", "!!python/name:os.system", "parse.fps", "is !!python/name:os.system"),
        ("config.yaml", "10.0", "!!python/object/apply:os.system [ls]", "parse.fps", "is !!python/object"),
        ("config.yaml", "10.0", "=", "parse.fps", "quote it"),
        ("config.yaml", "10.0", "&a [*a]", "parse.fps", "contains itself"),
        ("config.yaml", "quality: default", "quality: off", "quality", 'as the truth value false; .*quality: "off"'),
        ("config.yaml", "10.0", "${oc.env:HOME}", "parse.fps", "secrets stay in the environment"),
        ("config.yaml", "10.0", "${oc.decode:${oc.env:FPS}}", "parse.fps", "secrets stay in the environment"),
        ("export/default.yaml", "split_salt: impulse", "split_salt: 007", "export.split_salt", 'salt: "007"'),
        ("config.yaml", "date_from: null", "date_from: 20240101", "validate.filter.date_from", "quote it"),
        ("config.yaml", "map: null", "map: [cs_day_p, 1e5]", "validate.filter.map", 'quote it: map: "1e5"'),
        ("config.yaml", "sampling: parser", "sampling: no", "parse.sampling", 'quote it: sampling: "no"'),
        ("quality/default.yaml", "because: long enough to learn from", "because: yes",
         "validate.rules.too_few_frames.because", 'quote it: because: "yes"'),
        ("source/ballchasing.yaml", "groups: []", "groups: [0123]", "fetch.groups", 'as the number 83; .*groups: "0123"'),
    ],
)  # fmt: skip
def test_a_slip_names_file_line_and_key(
    checkout: Path, file: str, old: str, new: str | bytes, key: str, problem: str
) -> None:
    """Whatever it is, and whether or not the preset is in use."""
    text = (ROOT / "conf" / file).read_text()
    line = text[: text.index(old.strip())].count("\n") + 1
    said = line_after(checkout, file, old, new)
    assert re.match(rf"{re.escape(key)}: .*{problem}.* \(conf/{file}, line {line}\)$", said), said


@pytest.mark.parametrize("name", ["player-name", "player_name", "map", "uploader", "created-after"])
@pytest.mark.parametrize(
    ("text", "read"), [("007", "7"), ("12:30", "750"), ("yes", "true"), ("1e5", "100000.0"), ("14", "14")]
)
def test_a_filter_that_yaml_reads_as_something_else_is_refused(checkout: Path, name: str, text: str, read: str) -> None:
    """The query of the API would ask for another player without a word."""
    said = line_after(checkout, "source/ballchasing.yaml", "query: {}", f"query:\n  {name}: {text}")
    assert said.startswith(f"fetch.query.{name}: YAML reads {text} as the ")
    assert said.endswith(
        f' {read}; text is expected, so quote it: {name}: "{text}" (conf/source/ballchasing.yaml, line 9)'
    )


def test_texts_and_what_is_meant_pass(checkout: Path) -> None:
    """Quoted texts, nothing at all, and the two filters that are written as what they are."""
    path = checkout / "conf" / "source" / "ballchasing.yaml"
    query = (
        "query: {player-name: [\"007\", '12:30', no one], map: null, pro: true, season: 14, playlist: [ranked-duels]}"
    )
    path.write_text(path.read_text().replace("query: {}", query))
    read_conf(checkout)


@pytest.mark.parametrize("content", ["", "# @package validate\n", "- a\n", "text\n"])
def test_a_file_without_settings_is_refused(checkout: Path, content: str) -> None:
    """An emptied preset would take its settings out without a word."""
    (checkout / "conf" / "quality" / "default.yaml").write_text(content)
    with pytest.raises(
        ConfigError, match=r"^conf/quality/default.yaml: (is empty|is no mapping).*git checkout conf/quality"
    ):
        read_conf(checkout)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fps: 10.0", "fps: =5", r"^parse.fps: Value '=5' .*Float \(conf/config.yaml, line FPS\)$"),
        ("fps: 10.0", "fsp: 10.0", r"^parse.fsp: .*fsp.*; did you mean fps\? \(conf/config.yaml, line FPS\)$"),
        (
            "mode: null",
            "mode: soccr",
            r"^validate.filter.mode: a list is expected, such as \[a, b\] \(conf/config.yaml,",
        ),
        ("fps: 10.0", "fps: ${parse.fps}", r"^parse.fps: Recursive interpolation.* \(conf/config.yaml, line FPS\)$"),
        ("fps: 10.0", "fps: ${parse.nothing}", r"^parse.fps: .*nothing.* \(conf/config.yaml, line FPS\)$"),
        ("fps: 10.0", "fps: ${", r"^parse.fps: .* \(conf/config.yaml, line FPS\)$"),
        (
            "quality: default",
            "quality: nothing",
            r"^quality: there is no preset 'nothing'; known are any, default, strict \(conf/config.yaml, line 7\)$",
        ),
        ("${impulse_checked:1}", "2", r"^params_version: says which layout .* \(conf/config.yaml, line \d+\)$"),
    ],
)
def test_a_wrong_value_names_file_line_and_key(checkout: Path, old: str, new: str, said: str) -> None:
    """What YAML takes and the settings do not."""
    line = line_after(checkout, "config.yaml", old, new, read=compose)
    fps = (ROOT / "conf" / "config.yaml").read_text().partition("  fps: ")[0].count("\n") + 1
    assert re.match(said.replace("FPS", str(fps)), line), line


@pytest.mark.parametrize(
    ("overrides", "file", "old", "new"),
    [
        (["quality=strict"], "quality/strict.yaml", "{severity: warn}", "{severity: wrong}"),
        (["quality=strict"], "quality/default.yaml", "at_least: 100", "at_least: many"),
        (["experiment=quick_look"], "experiment/quick_look.yaml", "2.0", "0.0"),
        (["experiment=quick_look"], "features/minimal.yaml", "- PlayerBoost", "- PlayerBoots"),
    ],
)
def test_the_file_is_one_that_is_composed(checkout: Path, overrides: list[str], file: str, old: str, new: str) -> None:
    """Presets that overrides or other presets choose, and not those that they replace."""
    said = line_after(checkout, file, old, new, read=partial(compose, overrides=overrides))
    assert re.search(rf" \(conf/{file}, line \d+\)$", said), said
