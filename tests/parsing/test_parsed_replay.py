"""What parsing makes of a replay, against the known truth of synthetic ones and against the parser on real ones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import subtr_actor
from tests.parsing.samples import samples_at_10fps

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.demo import Recording, with_flipped_bits, write_replay
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import parse_replay
from impulse.products.frames.product import duplicate_error
from impulse.schema.features import frame_layout
from impulse.schema.sampling import GapRows

STANDARD = ParsingConfig.get_preset("standard").params()


def at_fps(fps: float, preset: str = "standard") -> ParseParams:
    return ParsingConfig.get_preset(preset, fps=fps).params()


def test_damage_is_refused_even_when_the_parser_accepts_it(tmp_path: Path, synthetic: tuple[Path, Recording]) -> None:
    """Flipped bits that decode to other values never reach the frames."""
    accepted_by_the_parser = 0
    for seed in range(40):
        damaged = tmp_path / f"{seed}.replay"
        damaged.write_bytes(with_flipped_bits(synthetic[1].data, count=1, seed=seed))
        try:
            subtr_actor.get_ndarray_with_info_from_replay_filepath(damaged, ["CurrentTime"], ["PlayerBoost"], fps=10.0)
            accepted_by_the_parser += 1
        except Exception:  # noqa: BLE001 - the parser raises nothing more specific
            pass
        with pytest.raises(ReplayError) as caught:
            parse_replay(damaged, STANDARD)
        assert caught.value.reason == "body_crc_mismatch"
    assert accepted_by_the_parser > 0


def test_teams_that_do_not_fit_are_refused(synthetic: tuple[Path, Recording]) -> None:
    """Frames are as wide as the settings say; nobody is left out silently."""
    params = ParseParams(fps=10.0, slots_per_team=1, global_features=[], player_features=[])
    with pytest.raises(ReplayError) as caught:
        parse_replay(synthetic[0], params)
    assert caught.value.reason == "team_too_large"


@pytest.mark.parametrize("preset", ["minimal", "all"])
def test_presets_differ_in_columns_and_agree_in_values(synthetic: tuple[Path, Recording], preset: str) -> None:
    """The contract columns are there in their order, with the same values whichever other features were asked for."""
    standard = parse_replay(synthetic[0], STANDARD).frames
    other = parse_replay(synthetic[0], at_fps(10.0, preset)).frames
    assert [name for name in other.column_names if name in standard.column_names] == standard.column_names
    assert other.select(standard.column_names).equals(standard)


def test_repeated_columns_hold_the_same_values(synthetic: tuple[Path, Recording]) -> None:
    """Columns that the schema calls duplicates are equal in the data; another value is found."""
    parsed = parse_replay(synthetic[0], at_fps(10.0, "all"))
    assert duplicate_error(parsed.frames, parsed.layout) == 0.0
    name = "ball_pos_x__BallRigidBody"
    edited = pc.add(parsed.frames[name], pa.scalar(0.5, pa.float32()))
    at = parsed.frames.column_names.index(name)
    assert duplicate_error(parsed.frames.set_column(at, name, edited), parsed.layout) == 0.5
    assert duplicate_error(parse_replay(synthetic[0], STANDARD).frames, frame_layout(slots_per_team=4)) is None


def test_a_recording_without_an_attribute_for_demolitions_does_not_deny_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demolished flag is null then, not false."""
    path = tmp_path / "match.replay"
    write_replay(path, seed=1, team_size=1, duration_seconds=20.0, demolitions=1)
    assert parse_replay(path, STANDARD).replay["demolitions_known"]
    monkeypatch.setattr("impulse.products.frames.product.DEMOLITIONS", ())
    parsed = parse_replay(path, STANDARD)
    assert not parsed.replay["demolitions_known"]
    assert parsed.frames["p0_demolished"].null_count == parsed.frames.num_rows
    assert parsed.demolitions == []


@pytest.mark.heavy
def test_every_decodable_real_replay_is_parsed(real_replays: Path) -> None:
    """All matches, clips, other modes and replays with late joiners give frames, with nobody at the origin."""
    parsed_files = 0
    for entry in json.loads((real_replays / "MANIFEST.json").read_text(encoding="utf-8")):
        path = real_replays / entry["path"]
        refused = entry["ndarray"] != "ok"
        if refused and entry["category"] not in ("recoverable", "unsupported"):
            with pytest.raises(ReplayError):
                parse_replay(path, STANDARD)
            continue
        parsed = parse_replay(path, STANDARD)
        table = parsed.frames
        assert not refused or parsed.replay["decoder"] == "exact", entry["path"]
        if not refused:
            assert table.num_rows == samples_at_10fps(path), entry["path"]
            kept = parse_replay(path, replace(STANDARD, gap_rows=GapRows.keep)).frames
            assert kept.num_rows == entry["rows_at_10fps"], entry["path"]
            assert len(parsed.players) == entry["players"], entry["path"]
        listed = [goal for goal in parsed.goals if goal["scorer"] is not None]
        header = entry["header"]  # null in the list where no peer reads the file
        assert header is None or len(listed) == header["goals"], entry["path"]
        for team in ("blue", "orange"):
            assert sum(goal["team"] == team for goal in parsed.goals) >= parsed.replay[f"{team}_score"], entry["path"]
        for slot in range(8):
            xyz = [table[f"p{slot}_pos_{axis}"] for axis in "xyz"]
            origin = pc.and_(pc.and_(pc.equal(xyz[0], 0), pc.equal(xyz[1], 0)), pc.equal(xyz[2], 0))
            assert not pc.any(origin).as_py(), (entry["path"], slot)
            visible = pc.and_(table[f"p{slot}_present"], pc.invert(pc.coalesce(table[f"p{slot}_demolished"], False)))
            assert xyz[0].is_valid().equals(visible), (entry["path"], slot)
        parsed_files += 1
    assert parsed_files == 50
