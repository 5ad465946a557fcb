"""A file that tells numbers which no match has is one reject, and costs the others nothing."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.jobs import job

from impulse.collection.intake import take_in
from impulse.collection.raw_storage import RawStorage
from impulse.collection.source import Candidate, FileFacts
from impulse.config.fetch import SourceKind
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import MatchPlan, Recording, edit_header, generate
from impulse.demo.match import equipment
from impulse.errors import ReplayError
from impulse.parsing import stage
from impulse.parsing.parsed_replay import parse_replay

PARAMS = ParsingConfig.get_preset("minimal").params()


def recording(seed: int) -> bytes:
    return Recording(generate(MatchPlan(seed=seed, team_size=1, duration_seconds=10, goals=1))).data


@pytest.mark.parametrize(("name", "value"), [("TeamSize", 300), ("TeamSize", -200)])
def test_a_header_beyond_its_column_is_a_reject_of_fetch(tmp_path: Path, name: str, value: int) -> None:
    """One line says which number; the good file beside it is taken in."""
    bad = edit_header(recording(1), {name: value})
    facts = FileFacts.of(bad)
    assert facts.reason == "malformed_header"
    assert str(value) in facts.detail
    files = [Candidate("bad.replay", bad), Candidate("good.replay", recording(2))]
    result = take_in(iter(files), source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    assert (result.replays_in, result.replays_out) == (2, 1)
    path = tmp_path / "bad.replay"
    path.write_bytes(bad)
    with pytest.raises(ReplayError, match="no match has that"):
        parse_replay(path, PARAMS)


def test_a_body_beyond_its_column_is_a_reject_of_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The network data can tell any number as well."""
    with monkeypatch.context() as patch:
        patch.setattr(equipment, "BODIES", (2**32 - 1,))
        bad = recording(1)
    files = [Candidate("bad.replay", bad), Candidate("good.replay", recording(2))]
    take_in(iter(files), source=SourceKind.local, storage=RawStorage.in_folder(tmp_path / "raw"))
    counts = stage.run(job(dataclasses.replace(PARAMS), tmp_path))
    assert (counts.replays_out, counts.rejected) == (1, {"malformed_header": 1})
