"""The stage's work: verdicts, rejects and reports of whole tables."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.validation.conftest import judged, quality, run, tables

from impulse.config.validate import FilterParams, Severity, ValidateParams
from impulse.errors import StageError
from impulse.replay.modes import GameMode
from impulse.tables.measures import MEASURE_COLUMNS
from impulse.tables.rejects import read_rejects
from impulse.tables.validated import COMPARISON_COLUMNS, VERDICT_COLUMNS
from impulse.validation.comparisons import compare
from impulse.validation.verdicts import judge

ROWS = st.fixed_dictionaries(
    {
        "rows": st.sampled_from([3, 99, 100, 5000, 100_001]),
        "n_players": st.integers(1, 8),
        "share_held": st.sampled_from([0.0, 0.5, 0.9]),
        "n_bots": st.integers(0, 1),
        "mode": st.sampled_from(["soccer", "hoops", None]),
        "max_quat_error": st.sampled_from([0.0, 0.5, float("nan")]),
    }
)
PARAMS = st.builds(
    quality,
    too_few_players=st.sampled_from([{"severity": Severity.ignore}, {}, {"at_least": 4}]),
    enforce=st.sampled_from([True, True, True, False]),
    filter=st.sampled_from([FilterParams(), FilterParams(mode=[GameMode.soccer])]),
)


def verdict_rows(rows: list[dict[str, Any]], params: ValidateParams) -> dict[str, str]:
    """Return the whole row of each replay as text, by replay id; text, because NaN equals nothing."""
    return {row["replay_id"]: repr(row) for row in judge(compare(*tables(rows)), params).verdicts.to_pylist()}


@given(rows=st.lists(ROWS, max_size=6), params=PARAMS)
def test_every_replay_is_accepted_or_rejected_with_a_reason(rows: list[dict[str, Any]], params: ValidateParams) -> None:
    """In = accepted + rejected, and reasons are there exactly when a replay is rejected."""
    judgement = judged(*rows, params=params)
    verdicts = judgement.verdicts.to_pylist()
    accepted = [row for row in verdicts if row["verdict"] != "reject"]

    assert len(rows) == len(accepted) + len(judgement.rejects)
    assert [row["replay_id"] for row in verdicts if row["reasons"]] == [item.replay_id for item in judgement.rejects]
    assert all((row["verdict"] == "warn") == bool(row["warnings"]) for row in accepted)
    assert all(bool(row["findings"]) == (row["verdict"] != "accept") for row in verdicts)


@given(rows=st.lists(ROWS, max_size=5), other=ROWS, params=PARAMS, at=st.integers(0, 5))
def test_adding_a_replay_changes_no_other_verdict(
    rows: list[dict[str, Any]], other: dict[str, Any], params: ValidateParams, at: int
) -> None:
    """A verdict depends on its replay alone, wherever the other one stands."""
    named = [{"replay_id": f"{number:02x}", **row} for number, row in enumerate(rows)]
    more = [*named[:at], {"replay_id": "f0", **other}, *named[at:]]
    before, after = verdict_rows(named, params), verdict_rows(more, params)
    assert after.pop("f0")
    assert after == before


@given(rows=st.lists(ROWS, min_size=1, max_size=5), params=PARAMS, data=st.data())
def test_the_order_of_the_rows_is_of_no_account(
    rows: list[dict[str, Any]], params: ValidateParams, data: st.DataObject
) -> None:
    """The tables are the same whatever the order of the replays, also when both tables are in different ones."""
    named = [{"replay_id": f"{number:02x}", **row} for number, row in enumerate(rows)]
    replays, _ = tables(data.draw(st.permutations(named)))
    _, measures = tables(data.draw(st.permutations(named)))
    shuffled, plain = judge(compare(replays, measures), params), judge(compare(*tables(named)), params)
    assert repr(shuffled.verdicts.to_pylist()) == repr(plain.verdicts.to_pylist())
    assert repr(shuffled.violations.to_pylist()) == repr(plain.violations.to_pylist())
    assert shuffled.rejects == plain.rejects


def test_the_same_rows_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    """Tables, report and plots."""
    rows = [{"replay_id": f"{n:02x}", "source_path": f"{n}.replay", "rows": n * 40} for n in range(1, 8)]
    for name, ordered in (("a", rows), ("b", rows[::-1])):
        run(tmp_path / name, ordered, draws=True)
    a, b = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (tmp_path / "a" / "validated", tmp_path / "b" / "validated")
    )
    assert a == b
    assert len(a) == 7


def test_every_input_is_named_with_all_that_was_measured(tmp_path: Path) -> None:
    """The report says what became of each input, also of earlier stages, and the tables hold every value."""
    rows = [{"rows": count, "source_path": f"{count}.replay"} for count in (99, 100, 500, 100_001)]
    summary = run(tmp_path, rows)

    assert (summary.replays_in, summary.replays_out) == (4, 2)
    assert summary.rejected == {"too_few_frames": 1, "too_many_frames": 1}
    assert summary.figures["verdicts"] == {"accept": 2, "warn": 0, "reject": 2}
    assert summary.figures["share_kept"] == 0.5
    verdicts = pq.read_table(tmp_path / "validated" / "verdicts.parquet")
    assert verdicts["verdict"].to_pylist() == ["reject", "accept", "accept", "reject"]
    assert verdicts.column_names == [c.name for c in (*VERDICT_COLUMNS, *COMPARISON_COLUMNS, *MEASURE_COLUMNS)]
    page = (tmp_path / "validated" / "report.html").read_text()
    for name in ("99.replay", "100.replay", "500.replay", "100001.replay", "damaged | file.replay"):
        assert name in page
    violations = pq.read_table(tmp_path / "validated" / "violations.parquet").to_pylist()
    assert [(row["reason"], row["value"], row["threshold"]) for row in violations] == [
        ("too_few_frames", 99.0, 100.0),
        ("too_many_frames", 100_001.0, 100_000.0),
    ]


def test_what_products_lack_is_named(tmp_path: Path) -> None:
    """A replay without a product that was asked for, and one whose events count otherwise than the header, and no other."""
    run(tmp_path, [{"source_path": "good.replay"}])
    assert "Products on request" not in (tmp_path / "validated" / "report.html").read_text()
    differ = {"source_path": "b.replay", "events_differ": ["Ann: goals 1, header 2"]}
    run(
        tmp_path,
        [{"source_path": "a.replay", "refused": ["events: decode_failed", "stats: decode_failed"]}, differ, {}],
    )
    section = (tmp_path / "validated" / "report.html").read_text().split("Products on request")[1].split("<h2")[0]
    assert re.findall(r'<td class="(?:name|text)">([^<]*)</td>', section) == [
        *("a.replay", "no events: decode_failed; no stats: decode_failed"),
        *("b.replay", "Ann: goals 1, header 2"),
    ]


HOSTILE = "<script>alert(1)</script>|![x](http://evil/x.png)\n# head\u202e`code`&amp;\x1b[31m.replay"


def test_hostile_names_neither_mark_up_nor_load_anything(tmp_path: Path) -> None:
    """Names from replays and folders are text, on one line."""
    run(tmp_path, [{"source_path": HOSTILE, "map_code": "<b>|", "rows": rows} for rows in (3, 500)])
    page = (tmp_path / "validated" / "report.html").read_text()
    assert "<script" not in page
    assert "<b>|" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    targets = re.findall(r'\b(?:src|href)="([^"]*)"', page)
    assert targets
    assert all(target.startswith(("data:image/png;base64,", "#")) for target in targets)
    assert page.count("# head `code`&amp;amp; [31m.replay") >= 2
    assert "\u202e" not in page
    assert "\x1b" not in page


def test_lists_of_the_source_are_held_against_its_counts(tmp_path: Path) -> None:
    """What lacks something comes first and says so; names of groups are text; sources without lists have no such part."""
    counted = dict.fromkeys(("unusable", "duplicate", "lost", "pending", "delisted"), 0)
    whole = {
        "kind": "group",
        "group_id": "a-1",
        "name": "Whole",
        "listed": 5,
        "kept": 5,
        "counted": 5,
        "is_complete": True,
    }
    short = {"kind": "group", "group_id": "z-9", "name": HOSTILE, "listed": 3, "kept": 3, "is_complete": False}
    rows = [
        {**counted, "is_accepted": False, **row} for row in (whole, {**short, "problem": "3 came, the list says 7"})
    ]
    run(tmp_path, [{}], lists=rows)
    page = (tmp_path / "validated" / "report.html").read_text()
    assert "1 of 2 lists are not known to be whole" in page
    assert page.index("3 came, the list says 7") < page.index("Whole")
    assert "<script" not in page
    run(tmp_path, [{}])
    assert "Lists of the source" not in (tmp_path / "validated" / "report.html").read_text()


def test_the_page_needs_nothing_beside_it(tmp_path: Path) -> None:
    """One file: plots inside, no script, no address."""
    run(tmp_path, [{}])
    page = (tmp_path / "validated" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    for foreign in ("http:", "https:", "<script", "<link", "@import", "url("):
        assert foreign not in page.replace('http-equiv="Content', "")


def test_long_lists_end_and_say_where_the_rest_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report stays readable for any number of replays."""
    monkeypatch.setattr("impulse.validation.report.MAX_ROWS", 3)
    run(tmp_path, [{"rows": 3}] * 5 + [{"n_bots": 1}] * 6 + [{}] * 7)
    text = re.sub("</?code>", "", (tmp_path / "validated" / "report.html").read_text())
    assert "3 more are in rejects.parquet" in text  # five of this stage and one of fetch
    assert "3 more are in verdicts.parquet" in text
    assert "4 more are in verdicts.parquet" in text


def test_too_many_rejects_fail_the_stage_and_leave_the_report(tmp_path: Path) -> None:
    """The message tells the share and where to look; the report is there."""
    rows = [{"rows": count} for count in (99, 100, 500, 3)]
    assert not run(tmp_path, rows, quality(max_reject_share=0.5)).failure
    failure = run(tmp_path, rows, quality(max_reject_share=0.4)).failure
    assert failure.startswith("2 of 4 replays rejected (50.0%), validate.max_reject_share allows 40.0%; see ")
    assert Path(failure.split("; see ")[1]).is_file()


def test_filtered_replays_do_not_count_for_the_share_of_rejects(tmp_path: Path) -> None:
    """What was not asked for is not bad, and is not part of the whole either."""
    rows: list[dict[str, Any]] = [{"mode": "hoops"}] * 8 + [{"rows": 3}, {}]
    soccer = FilterParams(mode=[GameMode.soccer])
    summary = run(tmp_path, rows, quality(filter=soccer, max_reject_share=0.5))
    assert summary.rejected == {"filtered_mode": 8, "too_few_frames": 1}
    assert summary.figures["filtered"] == 8
    assert not summary.failure
    strict = run(tmp_path, rows, quality(filter=soccer, max_reject_share=0.49))
    assert strict.failure.startswith("1 of 2 replays")


def test_nothing_parsed_is_a_report_too(tmp_path: Path) -> None:
    """A run in which no replay could be parsed ends with the reasons, not with an error."""
    summary = run(tmp_path, [], quality(max_reject_share=0.0))
    assert summary.replays_in == 0
    assert not summary.failure
    assert "body_crc_mismatch" in (tmp_path / "validated" / "report.html").read_text()
    assert json.dumps(summary.figures)


def test_tables_of_different_runs_are_refused() -> None:
    """Replays and measures must be those of one run of parse."""
    replays, measures = tables([{}, {}])
    with pytest.raises(StageError, match="different replays"):
        compare(replays.slice(0, 1), measures)


def test_each_stage_has_its_own_rejects_and_the_report_all(tmp_path: Path) -> None:
    """The table beside the report holds what validate left out; the page counts the earlier stages too."""
    run(tmp_path, [{"rows": 3}])
    assert pq.read_table(tmp_path / "validated" / "rejects.parquet")["stage"].to_pylist() == ["validate"]
    assert read_rejects(tmp_path, ("fetch", "parse", "validate"))["stage"].to_pylist() == ["fetch", "validate"]
    assert "<li><b>2</b>inputs</li>" in (tmp_path / "validated" / "report.html").read_text()
    with pytest.raises(StageError, match=r"deduped/rejects.parquet is missing; run `dvc repro dedupe` first"):
        read_rejects(tmp_path)
