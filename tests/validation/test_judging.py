from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from impulse import rejects
from impulse.config.params import ValidateParams
from impulse.errors import StageError
from impulse.rejects import Reason, Reject
from impulse.table_schema import MEASURE_COLUMNS, REPLAY_COLUMNS, REPLAY_ID
from impulse.tables import table_of
from impulse.validation.judging import ValidateSummary, validate_tables

EARLIER = rejects.to_table([Reject("00", "damaged | file.replay", "fetch", Reason.BODY_CRC, "CRC of the body is A")])


def run(folder: Path, rows: list[int], params: ValidateParams = ValidateParams()) -> ValidateSummary:  # noqa: B008 - frozen
    zeros = {column.name: 0 for column in MEASURE_COLUMNS}
    measures = [{**zeros, "replay_id": f"{n:02x}", "rows": count, "n_players": 2} for n, count in enumerate(rows, 1)]
    replays = [{"replay_id": row["replay_id"], "source_path": f"{row['replay_id']}.replay"} for row in measures]
    return validate_tables(
        table_of(replays, [column for column in REPLAY_COLUMNS if column.name in ("replay_id", "source_path")]),
        table_of(measures, (REPLAY_ID, *MEASURE_COLUMNS)),
        earlier_rejects=EARLIER,
        target=folder / "validated",
        params=params,
    )


def test_counts_add_up_and_every_input_is_named(tmp_path: Path) -> None:
    """In = accepted + rejected, and the report tells the fate of each input."""
    summary = run(tmp_path, [99, 100, 500, 100_001])

    assert (summary.replays_in, summary.replays_out) == (4, 2)
    assert summary.rejected == {"too_few_frames": 1, "too_many_frames": 1}
    verdicts = pq.read_table(tmp_path / "validated" / "verdicts.parquet").to_pylist()
    assert [row["verdict"] for row in verdicts] == ["reject", "accept", "accept", "reject"]
    report = (tmp_path / "validated" / "report.md").read_text()
    for name in ("01.replay", "02.replay", "03.replay", "04.replay", "damaged \\| file.replay"):
        assert name in report
    assert {path.name for path in (tmp_path / "validated" / "plots").iterdir()} == {"yield.png", "rows.png"}


def test_adding_a_replay_changes_no_other_verdict(tmp_path: Path) -> None:
    """A verdict depends on its replay alone."""
    run(tmp_path / "a", [99, 500])
    run(tmp_path / "b", [99, 500, 3])
    few, more = (pq.read_table(tmp_path / name / "validated" / "verdicts.parquet") for name in "ab")
    assert more.slice(0, 2).equals(few)


def test_too_many_rejects_fail_the_stage_and_leave_the_report(tmp_path: Path) -> None:
    """The message tells the share and where to look; the report is there."""
    with pytest.raises(StageError, match=r"2 of 4 replays rejected \(50%\), validate.max_reject_share allows 40%"):
        run(tmp_path, [99, 100, 500, 3], ValidateParams(max_reject_share=0.4))
    assert (tmp_path / "validated" / "report.md").is_file()


def test_nothing_parsed_is_a_report_too(tmp_path: Path) -> None:
    """A run in which no replay could be parsed ends with the reasons, not with an error."""
    assert run(tmp_path, []).replays_in == 0
