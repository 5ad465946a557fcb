"""The place of a source that only the environment names."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from impulse.config.source_place import ledger_of, moved_place, remember_place


@pytest.mark.parametrize(
    ("fetch", "before", "now", "said"),
    [
        ({"source": "local"}, {"IMPULSE_REPLAYS": "a"}, {"IMPULSE_REPLAYS": "b"}, "IMPULSE_REPLAYS={root}/b"),
        ({"source": "local"}, {"IMPULSE_REPLAYS": "a"}, {"IMPULSE_REPLAYS": "./x/../a/"}, None),
        ({"source": "local"}, {"IMPULSE_REPLAYS": "a"}, {}, None),
        ({"source": "local"}, {"IMPULSE_REPLAYS": "a"}, {"IMPULSE_REPLAYS": " "}, None),
        ({"source": "local", "path": "c"}, {"IMPULSE_REPLAYS": "a"}, {"IMPULSE_REPLAYS": "b"}, None),
        ({"source": "demo"}, {"IMPULSE_REPLAYS": "a"}, {"IMPULSE_REPLAYS": "b"}, None),
        ({"source": "ballchasing"}, {}, {"BALLCHASING_BASE_URL": "http://[::1]"}, "BALLCHASING_BASE_URL=http://[::1]"),
        (
            {"source": "s3"},
            {"AWS_ENDPOINT_URL": "http://a"},
            {"AWS_ENDPOINT_URL": "http://b"},
            "AWS_ENDPOINT_URL=http://b",
        ),
    ],
)
def test_another_place_is_noticed(
    tmp_path: Path, fetch: dict[str, str], before: dict[str, str], now: dict[str, str], said: str | None
) -> None:
    """A variable that is gone or empty names no place to look at."""
    (tmp_path / "params.yaml").write_text(yaml.safe_dump({"fetch": fetch}))
    assert moved_place(tmp_path, now) is None
    remember_place(fetch, before, state=tmp_path / ".state")
    assert moved_place(tmp_path, before) is None
    assert moved_place(tmp_path, now) == (said and said.format(root=tmp_path.resolve()))
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in now.items()))
    assert moved_place(tmp_path, {}) == (said and said.format(root=tmp_path.resolve()))


@pytest.mark.parametrize(
    ("params", "ledger"),
    [
        ("fetch: {source: ballchasing_demo}", "ledger-demo.sqlite"),
        ("fetch: {source: ballchasing}", "ledger.sqlite"),
        ("fetch: {source: local}", "ledger.sqlite"),
        ("fetch: {source: [1]}", "ledger.sqlite"),
        ("fetch: 7", "ledger.sqlite"),
        ("}", "ledger.sqlite"),
        (None, "ledger.sqlite"),
    ],
)
def test_the_ledger_is_that_of_the_source(tmp_path: Path, params: str | None, ledger: str) -> None:
    """Rehearsals have one of their own; where the settings cannot be read it is the real one."""
    if params is not None:
        (tmp_path / "params.yaml").write_text(params)
    assert ledger_of(tmp_path) == tmp_path / ".state" / ledger
