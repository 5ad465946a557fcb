"""How much memory there is, and how many workers it has room for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.run.limits import available_memory_mb, workers_that_fit


def written(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


MACHINE = {"proc/meminfo": "MemTotal:  16000000 kB\nMemFree:  100 kB\nMemAvailable:   8192000 kB\n"}
MB = 1024 * 1024


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        (MACHINE, 8000),
        # a container sees its own group as the top
        (
            {**MACHINE, "sys/fs/cgroup/memory.max": f"{2000 * MB}\n", "sys/fs/cgroup/memory.current": f"{500 * MB}\n"},
            1500,
        ),
        ({**MACHINE, "sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/memory.current": f"{500 * MB}\n"}, 8000),
        # files that are only kept in memory count as free
        (
            {
                **MACHINE,
                "sys/fs/cgroup/memory.max": f"{2000 * MB}\n",
                "sys/fs/cgroup/memory.current": f"{1900 * MB}\n",
                "sys/fs/cgroup/memory.stat": f"anon {900 * MB}\ninactive_file {1000 * MB}\n",
            },
            1100,
        ),
        # a job of a cluster has a group within groups, of which any may have the limit
        (
            {
                **MACHINE,
                "proc/self/cgroup": "0::/jobs/job7/step\n",
                "sys/fs/cgroup/jobs/job7/memory.max": f"{3000 * MB}\n",
                "sys/fs/cgroup/jobs/job7/memory.current": f"{0}\n",
                "sys/fs/cgroup/jobs/job7/step/memory.max": "max\n",
                "sys/fs/cgroup/jobs/job7/step/memory.current": "0\n",
            },
            3000,
        ),
        ({**MACHINE, "sys/fs/cgroup/memory.max": f"{100 * MB}\n", "sys/fs/cgroup/memory.current": f"{200 * MB}\n"}, 0),
    ],
    ids=["unknown", "machine", "container", "no limit", "files", "job", "used up"],
)
def test_memory_is_what_the_system_says_or_a_group_allows(
    tmp_path: Path, files: dict[str, str], expected: int | None
) -> None:
    assert available_memory_mb(written(tmp_path, files)) == expected


def test_this_machine_has_memory_or_does_not_say() -> None:
    """Without a folder of its own it asks the system."""
    found = available_memory_mb()
    assert found is None or found > 0


@given(st.integers(1, 9), st.lists(st.integers(1, 100), max_size=12), st.integers(0, 500))
def test_workers_fit_even_with_the_largest_tasks(most: int, needs: list[int], available: int) -> None:
    """One more would not, or there are no more; a worker without a task takes nothing."""
    workers = workers_that_fit(most, needs, available)
    largest = sorted(needs, reverse=True)
    assert 1 <= workers <= most
    assert workers == 1 or sum(largest[:workers]) <= available
    assert workers == most or sum(largest[: workers + 1]) > available
