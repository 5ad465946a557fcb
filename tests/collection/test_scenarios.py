"""Every scenario of a failing server, with the faults of one seed, and a day and a half of a week; the programs have more of both."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tests.collection.scenarios import CELLS, run_all, scenarios
from tests.collection.week import live_through


def test_scenarios_bring_every_fault_to_every_kind_of_call() -> None:
    """Each scenario has a name of its own, and a few seeds are enough for all faults."""
    for seed in (1, 2, 3):
        names = Counter(scenario.name for scenario in scenarios(seed))
        assert len(names) == names.total() >= 60
    dealt = {
        scenario.name.split(" ")[1]
        for seed in range(1, 4)
        for scenario in scenarios(seed)
        if scenario.name.startswith("files:")
    }
    assert len(dealt) >= 30
    assert len({target for target, _, _ in CELLS}) == 9


@pytest.mark.heavy
def test_nothing_is_lost_without_a_word_whatever_fails() -> None:
    """Each scenario ends with all recordings or names those that it lacks, and is whole once the server is well."""
    lines: list[str] = []
    results = run_all([1], lambda scenario: True, lines.append)
    assert len(results) >= 60
    assert not [(result.scenario, result.problems) for result in results if result.problems]


@pytest.mark.heavy
def test_reboots_outages_another_key_and_a_lost_disk_cost_time_only(tmp_path: Path) -> None:
    """All is had at nearly the pace of the key, within its limits."""
    lines: list[str] = []
    assert live_through(tmp_path, replays=3400, hours=30, say=lines.append) == [], lines
