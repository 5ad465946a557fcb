from __future__ import annotations

from pathlib import Path

import pytest
from tests.collection.conftest import FakeClock, Place

from impulse.collection.ledger import Ledger
from impulse.collection.pacing import HOUR, TIERS, Call, Pacer, Stopped, limits_of


@pytest.mark.parametrize(("tier", "count"), [("regular", 450), ("gold", 500)])
@pytest.mark.slow
def test_limits_hold_and_are_used_with_threads_and_restarts(
    place: Place, replays: list[bytes], tier: str, count: int
) -> None:
    """The server never counts too many, and sees at least 95 % of the files an hour that it allows."""
    place.server.tier = tier
    for number in range(count):
        place.server.add_replay(f"replay-{number:04d}", replays[number % len(replays)], "top")
    started = place.clock.now()
    for part in (50, 170, 130, None):
        clock = FakeClock(place.clock.now())
        clock.is_quiet, place.clock = place.clock.is_quiet, clock
        place.server.clock = clock.now
        place.get(max_replays=part)

    assert place.server.violations == []
    assert sum(place.server.files_sent.values()) == count
    rate = (count - 1) * HOUR / (place.clock.now() - started)
    allowed = TIERS[tier][2][1]
    assert allowed is not None
    assert 0.95 * allowed <= rate <= allowed


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("kind", [Call.LIST, Call.CORE, Call.FILE])
def test_no_window_holds_more_calls_than_the_tier_allows(tmp_path: Path, tier: str, kind: Call) -> None:
    """Any sliding second and any sliding hour stay inside the documented limits, also after a restart."""
    per_second, per_hour = TIERS[tier][list(Call).index(kind) - 1]
    clock = FakeClock()
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        times = []
        for number in range(min(3 * (per_hour or 200), 1200)):
            if number % 300 == 0:
                pacer = Pacer(ledger, clock, limits_of(tier))
            pacer.take(kind)
            times.append(clock.now())
    for window, most in ((1.0, per_second), (HOUR, per_hour or len(times))):
        start = 0
        for end, at in enumerate(times):
            while times[start] <= at - window:
                start += 1
            assert end - start + 1 <= most


def test_unknown_tier_has_the_lowest_limits() -> None:
    """A type that nobody has seen yet is paced like a regular key; two known aliases like the highest."""
    assert limits_of("platinum") == limits_of("regular")
    assert limits_of("org") == limits_of("gc")


def test_rate_of_downloads_can_be_set() -> None:
    """rate_limit_per_hour replaces the hourly figure of the tier for downloads."""
    assert limits_of("regular", files_per_hour=50)[Call.FILE].spacing == pytest.approx(3600 / 49)


def test_clock_that_was_set_back_does_not_stop_the_job(tmp_path: Path) -> None:
    """Calls written down with a later time than now count as made now."""
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        Pacer(ledger, FakeClock(10_000_000.0), limits_of("regular")).take(Call.FILE)
        clock = FakeClock(9_000_000.0)
        Pacer(ledger, clock, limits_of("regular")).take(Call.FILE)
    assert clock.now() - 9_000_000.0 < 20


def test_stopped_clock_lets_no_call_through(tmp_path: Path) -> None:
    """A job that was asked to end makes no further call."""
    clock = FakeClock()
    clock.stop()
    with Ledger(tmp_path / "ledger.sqlite") as ledger, pytest.raises(Stopped):
        Pacer(ledger, clock, limits_of("gc")).take(Call.FILE)
