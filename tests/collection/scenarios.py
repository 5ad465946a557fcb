"""Downloads from a server that fails in every way that it knows, held against what it truly has.

python tests/collection/scenarios.py [--seeds 1 2 3] [--scenarios TEXT ...]

A scenario is a kind of call, a form in which it fails, and a moment at which that begins; the seed deals the faults, so that
three seeds bring nearly every fault to every kind of call. Time is simulated.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]

from tests.collection.conftest import Place, opened_place
from tests.collection.rehearsing import (
    NEW_KEY,
    REPLAYS,
    ROOT_GROUP,
    SECOND_UPLOADS,
    Truth,
    Watch,
    fill,
    held_against,
    leaks,
    truth_of,
    watched,
)
from tests.demo.variants import clones

from impulse.collection.client import RetryPolicy
from impulse.collection.pacing import HOUR
from impulse.demo import write_replay
from impulse.demo.server import DemoServer
from impulse.errors import ImpulseError

DAY = 24 * HOUR
FOREVER = 10_000 * DAY
PATIENCE_HOURS = 3.0
"""Longer than the outages of an hour, shorter than those that do not end."""
HEALING_RUNS = 3
PATIENT = RetryPolicy(connect_seconds=5, idle_seconds=5, total_seconds=10, tries=2)
HASTY = RetryPolicy(connect_seconds=5, idle_seconds=0.25, total_seconds=0.5, tries=2)
"""For answers that do not come, which take real time."""

STATUSES = ("500", "502", "503:120", "400", "401", "403", "404", "410", "418", "429:30", "429")
ANSWERS = ("html", "json", "empty", "null", "nolist", "garbage", "short", "wrongtype")
SENDINGS = ("truncated", "stall", "trickle", "slow:0.05", "reset", "chunked", "close")
REDIRECTS = ("same", "redirect", "foreign", "location:http://[", "location:ftp://x/y", "foreign:https://127.0.0.1:9/x")
OF_LISTS = ("loop", "drop:1", "drop:5")

FILES, ONE_FILE = "files", "one file"
REPLAY_LISTS, ONE_REPLAY_LIST = "lists of replays", "one list of replays"
GROUP_LISTS, ONE_GROUP_LIST = "lists of groups", "one list of groups"
ONE_GROUP, PING, ALL = "one group", "ping", "everything"

AT_ONCE, LISTING, DOWNLOADING, LAST = "at once", "while listing", "while downloading", "at the last file"
ONCE, FEW, AN_HOUR, ALTERNATING, FOR_GOOD = "once", "a few times", "for an hour", "every other", "for good"

LISTED_BEFORE, FILES_BEFORE, FILES_BEFORE_LAST = 4, 15, 33
"""Calls that were answered when a fault begins while listing, while downloading, and at the last file."""

ALONE = [f"replay-{number:02d}" for number in range(REPLAYS - SECOND_UPLOADS) if number not in (0, 1, 2, 3, 7, 21)]
"""Replays that are good, and the only upload of their recordings."""

CELLS: tuple[tuple[str, str, str], ...] = (
    *((FILES, form, AT_ONCE) for form in (ONCE, FEW)),
    *((FILES, form, start) for form in (AN_HOUR, FOR_GOOD) for start in (AT_ONCE, DOWNLOADING, LAST)),
    *((FILES, ALTERNATING, start) for start in (AT_ONCE, DOWNLOADING)),
    *((ONE_FILE, form, AT_ONCE) for form in (ONCE, FEW, AN_HOUR, FOR_GOOD)),
    *(
        (target, form, start)
        for target in (REPLAY_LISTS, GROUP_LISTS)
        for form in (ONCE, FEW, AN_HOUR, FOR_GOOD)
        for start in (AT_ONCE, LISTING)
    ),
    *((target, ALTERNATING, AT_ONCE) for target in (REPLAY_LISTS, GROUP_LISTS)),
    *(
        (target, form, AT_ONCE)
        for target in (ONE_REPLAY_LIST, ONE_GROUP_LIST)
        for form in (ONCE, FEW, AN_HOUR, FOR_GOOD)
    ),
    *((ONE_GROUP, form, AT_ONCE) for form in (ONCE, FEW, AN_HOUR, FOR_GOOD)),
    *((PING, form, AT_ONCE) for form in (ONCE, FEW, AN_HOUR, ALTERNATING, FOR_GOOD)),
    *((PING, form, DOWNLOADING) for form in (AN_HOUR, FOR_GOOD)),
    *((ALL, form, start) for form in (AN_HOUR, FOR_GOOD) for start in (AT_ONCE, LISTING, DOWNLOADING, LAST)),
    (ALL, ALTERNATING, AT_ONCE),
)
"""What fails, how long, and from when on."""


class Weather:
    """A fault that comes and goes with time and with what was answered; the server asks it at every call."""

    def __init__(self, server: DemoServer, paths: Iterable[str], fault: str, form: str, start: str) -> None:
        self._server, self._paths, self._fault = server, list(paths), fault
        self._seconds = HOUR if form == AN_HOUR else FOREVER
        self._is_alternating = form == ALTERNATING
        self._start = start
        self._since: float | None = None
        self._calls = 0

    def __call__(self, now: float) -> None:
        """Look whether it is time."""
        with self._server.lock:
            if self._since is None and has_begun(self._server, self._start):
                self._since = now
            self._calls += 1
            is_on = self._since is not None and now < self._since + self._seconds
            if self._is_alternating and self._calls % 2:
                is_on = False
            for path in self._paths:
                if is_on:
                    self._server.always[path] = self._fault
                else:
                    self._server.always.pop(path, None)


def has_begun(server: DemoServer, start: str) -> bool:
    """Tell whether so much was answered that a fault begins."""
    sent = sum(server.files_sent.values())
    if start == LISTING:
        return sum(count for (kind, _), count in server.answered.items() if kind == "list") >= LISTED_BEFORE
    return sent >= {AT_ONCE: 0, DOWNLOADING: FILES_BEFORE, LAST: FILES_BEFORE_LAST}[start]


Preparation = Callable[[Place, DemoServer, random.Random], None]
"""Makes a server fail; the second server is another host."""


@dataclass(frozen=True)
class Scenario:
    """One way to fail."""

    name: str
    prepare: Preparation
    settings: dict[str, Any] = field(default_factory=dict)
    """Of the download."""
    is_over_limits: bool = False
    """The server allows less than it says, so that calls above its limits are no fault of ours."""
    is_hasty: bool = False
    """Answers are waited for as shortly as can be."""
    new_key: bool = False
    """Somebody gives a new key before the next run."""


@dataclass
class Result:
    """What came of one scenario."""

    scenario: str
    seed: int
    first: str = ""
    kept: int = 0
    available: int = 0
    calls: int = 0
    waited_hours: float = 0.0
    healing: str = ""
    violations: int = 0
    wrong: int = 0
    unnamed: int = 0
    leaks: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.scenario:<75} {self.seed:>4}  {self.kept:>2}/{self.available:<2}  {self.calls:>5} "
            f"{self.waited_hours:>6.1f} h  {self.healing:<14}  {self.first}"
        )


def scenarios(seed: int) -> Iterator[Scenario]:
    """Yield every scenario with the faults of a seed."""
    dealt: dict[str, int] = {}
    for target, form, start in CELLS:
        faults = [*STATUSES, *ANSWERS, *SENDINGS, *REDIRECTS, *(OF_LISTS if "list" in target else ())]
        total = sum(cell[0] == target for cell in CELLS)
        number = dealt.get(target, 0)
        dealt[target] = number + 1
        # Faults come in an order that mixes kinds, and each seed goes on where the one before ended.
        random.Random(target).shuffle(faults)
        fault = faults[(number + total * (seed - 1)) % len(faults)]
        if fault == "null" and target in (GROUP_LISTS, ONE_GROUP_LIST):
            form = ONCE  # twice it is what an empty list may look like, where no count says otherwise
        yield cell(target, form, start, fault)
    yield from special(seed)


def cell(target: str, form: str, start: str, fault: str) -> Scenario:
    """Return the scenario of one kind of call, form, moment and fault."""

    def prepare(place: Place, other: DemoServer, draws: random.Random) -> None:
        name = f"foreign:{other.url}/replays/x/file" if fault == "foreign" else fault
        fails(place.server, target, form, start, name, draws)
        if target == PING and start == DOWNLOADING:  # nobody asks for a ping while all is well
            for replay_id in draws.sample(sorted(place.server.files), 8):
                place.server.faults[f"/replays/{replay_id}/file"] = ["503"] * 3
        place.server.hide_file_length = draws.random() < 0.2
        # Without counts nobody can know that a list comes short in itself.
        place.server.has_counts = fault.startswith("drop") or draws.random() >= 0.15

    return Scenario(
        f"{target}: {fault} {form}, {start}",
        prepare,
        is_hasty=fault in ("stall", "trickle") or fault.startswith("slow"),
    )


def fails(server: DemoServer, target: str, form: str, start: str, fault: str, draws: random.Random) -> None:
    """Let a kind of call fail."""
    paths = paths_of(target, draws)
    if form not in (ONCE, FEW):
        server.outage = Weather(server, paths, fault, form, start)
        return
    times = 1 if form == ONCE else draws.randint(2, 7)
    if target == FILES:
        paths = [f"/replays/{name}/file" for name in draws.sample(ALONE, 1 if form == ONCE else 6)]
    before = ["fine"] * (LISTED_BEFORE if start == LISTING else draws.randint(0, 1))
    for path in paths:
        server.faults[path] = before + [fault] * times


def paths_of(target: str, draws: random.Random) -> list[str]:
    """Return the paths of a kind of call."""
    return {
        FILES: ["/replays/*/file"],
        ONE_FILE: [f"/replays/{draws.choice(ALONE)}/file"],
        REPLAY_LISTS: ["/replays"],
        ONE_REPLAY_LIST: [f"/replays?group={draws.choice(['top', 'a', 'b', 'deep', 'deeper'])}"],
        GROUP_LISTS: ["/groups"],
        ONE_GROUP_LIST: [f"/groups?group={draws.choice(['top', 'b', 'deep'])}"],
        ONE_GROUP: [f"/groups/{ROOT_GROUP}"],
        PING: ["/", ""],
        ALL: ["*"],
    }[target]


def special(seed: int) -> Iterator[Scenario]:
    """Yield scenarios that are more than one kind of call that fails."""

    def invalid_key(start: str) -> Preparation:
        def prepare(place: Place, other: DemoServer, draws: random.Random) -> None:
            def turn(now: float) -> None:
                if has_begun(place.server, start):
                    place.server.keys = {NEW_KEY}

            place.server.outage = turn

        return prepare

    def storage(fault: str, form: str, start: str) -> Preparation:
        def prepare(place: Place, other: DemoServer, draws: random.Random) -> None:
            for replay_id in place.server.files:  # of one that is gone the server says so itself
                place.server.always[f"/replays/{replay_id}/file"] = "redirect"
            place.server.outage = Weather(place.server, ["/storage/*"], fault, form, start)

        return prepare

    def several(place: Place, other: DemoServer, draws: random.Random) -> None:
        targets = draws.sample([FILES, REPLAY_LISTS, GROUP_LISTS, PING], 3)
        weathers: list[Weather] = []
        for target in targets:
            fault = draws.choice(
                [*STATUSES[:3], "html", "json", "empty", "nolist", "garbage", "short", "reset", "same"]
            )
            start = draws.choice([AT_ONCE, LISTING, DOWNLOADING])
            weathers.append(Weather(place.server, paths_of(target, draws), fault, AN_HOUR, start))

        def all_of_them(now: float) -> None:
            for weather in weathers:
                weather(now)

        place.server.outage = all_of_them

    def refused(place: Place, other: DemoServer, draws: random.Random) -> None:
        place.server.tier = draws.choice(["regular", "gold", "diamond"])
        for replay_id in draws.sample(sorted(place.server.files), 5):
            place.server.faults[f"/replays/{replay_id}/file"] = [
                draws.choice(["429", "429:7", "429:1.5"])
            ] * draws.randint(1, 3)
        place.server.faults["/replays"] = ["429"] * draws.randint(1, 4)

    def smaller(place: Place, other: DemoServer, draws: random.Random) -> None:
        place.server.tier = "regular"
        place.server.limits = {"file": (1, 12), "list": (1, 20)}

    def uncounted(fault: str, form: str) -> Preparation:
        def prepare(place: Place, other: DemoServer, draws: random.Random) -> None:
            place.server.has_counts = False
            fails(place.server, draws.choice([REPLAY_LISTS, GROUP_LISTS]), form, LISTING, fault, draws)

        return prepare

    def lies(place: Place, other: DemoServer, draws: random.Random) -> None:
        group = draws.choice(["a", "b", "c", "deep", "deeper"])
        wrong = draws.choice([{"direct_replays": 50, "indirect_replays": 50}, {"indirect_replays": 60}, {"count": 30}])
        place.server.counters[group] = wrong

    def chunked(place: Place, other: DemoServer, draws: random.Random) -> None:
        place.server.hide_file_length = True
        fails(place.server, FILES, FEW, AT_ONCE, "short", draws)

    def flapping(place: Place, other: DemoServer, draws: random.Random) -> None:
        begin, place.server.tier = place.clock.now(), "regular"
        # No 404 and 403: in turn with good answers they are what the server says of a replay that is gone or forbidden.
        faults = draws.sample(["503", "html", "reset", "truncated", "500", "502"], 3)

        def minute(now: float) -> str | None:
            number = int(now - begin) // 60
            return faults[number // 2 % 3] if number % 2 else None

        place.server.outage = minute

    for start in (LISTING, DOWNLOADING, LAST):
        yield Scenario(f"the key becomes invalid, {start}", invalid_key(start), new_key=True)
    yield Scenario("redirects to a storage that works", storage("fine", FOR_GOOD, AT_ONCE))
    for fault, form, start in (
        ("503", AN_HOUR, DOWNLOADING),
        ("404", FOR_GOOD, AT_ONCE),
        ("403", AN_HOUR, AT_ONCE),
        ("html", FOR_GOOD, DOWNLOADING),
        ("garbage", AN_HOUR, LAST),
        ("429:20", AN_HOUR, DOWNLOADING),
    ):
        yield Scenario(f"redirects to a storage: {fault} {form}, {start}", storage(fault, form, start))
    for number in range(4):
        yield Scenario(f"several at once, {number}", several)
    yield Scenario("refusals inside the limits", refused)
    yield Scenario("limits that are lower than the tier's", smaller, is_over_limits=True)
    for fault, form in (("null", ONCE), ("503", AN_HOUR), ("reset", ALTERNATING), ("nolist", ONCE)):
        yield Scenario(f"no counts: {fault} {form}", uncounted(fault, form))
    yield Scenario("counts that are too high", lies)
    yield Scenario("chunked bodies that are short", chunked)
    yield Scenario("a minute well, the next one not", flapping)


class Rehearsal:
    """Runs scenarios with one set of replays."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        write_replay(folder / "original.replay", seed=5, team_size=1, duration_seconds=3.0)
        self._replays = list(clones((folder / "original.replay").read_bytes(), count=40))
        self._undisturbed: dict[bool, dict[str, bytes]] = {}
        self._number = 0

    def run(self, scenario: Scenario, *, seed: int) -> Result:
        """Run a scenario, let the server become healthy, and hold everything against the truth and an undisturbed run."""
        self._number += 1
        folder = self._folder / f"{self._number}"
        result = Result(scenario.name, seed)
        draws = random.Random(f"{scenario.name} {seed}")
        with (
            opened_place(folder, page_size=7) as place,
            DemoServer() as other,
            watched() as watch,
        ):
            fill(place.server, self._replays)
            truth = truth_of(place.server)
            scenario.prepare(place, other, draws)
            threads = draws.randint(1, 5)
            _first_run(scenario, place, truth, result, threads=threads)
            _judge(scenario, place, other, watch, result)
            place.server.faults.clear()
            place.server.always.clear()
            place.server.counters.clear()
            place.server.limits.clear()
            place.server.outage = None
            violations = len(place.server.violations)
            self._heal(scenario, place, result, threads=threads)
            if len(place.server.violations) > violations and not scenario.is_over_limits:
                result.problems.append(
                    f"calls above the limits while healing: {place.server.violations[violations:][:2]}"
                )
            if found := [*watch.leaks, *leaks(place, other)]:
                result.problems.append(f"the key is where it must not be: {found[:2]}")
        return result

    def _heal(self, scenario: Scenario, place: Place, result: Result, *, threads: int) -> None:
        """Repeat the plain call until all is there, and compare the folder with that of an undisturbed run."""
        settings = {
            "config": place.config(threads=threads, **({"ballchasing_api_key": NEW_KEY} if scenario.new_key else {}))
        }
        error = ""
        for attempt in range(1, HEALING_RUNS + 1):
            place.clock.time += DAY if attempt > 1 else 60
            error = _error_of(place, **settings)
            if not error:
                result.healing = f"{attempt} run{'s' * (attempt > 1)}"
                break
        if error and "fetch.retry_failed=true" in error:  # the message says what to do
            error = _error_of(place, retry_failed=True, **settings)
            result.healing = "retry_failed"
        if error:
            result.healing = "never"
            result.problems.append(f"not whole although the server is well: {error}")
        # An upload that was had before another one of its recording was listed stays where it is; no table has it.
        here, wanted = place.written(), self._wanted(place, settings)
        spare = {f"{name}.replay" for name in place.server.files if f"{name}.replay" not in wanted}
        if any(here.pop(name) != place.server.files[name.removesuffix(".replay")] for name in spare & here.keys()):
            result.problems.append("an upload that is not needed has wrong bytes")
        if here != wanted:
            names = sorted(name for name in here.keys() | wanted.keys() if here.get(name) != wanted.get(name))
            result.problems.append(f"other than undisturbed: {', '.join(names)}")

    def _wanted(self, place: Place, settings: dict[str, Any]) -> dict[str, bytes]:
        """Return what an undisturbed run has."""
        has_counts = place.server.has_counts
        if has_counts not in self._undisturbed:
            key = settings["config"].ballchasing_api_key
            config = place.config(ballchasing_api_key=key, database_path=place.folder / "other.sqlite")
            if error := _error_of(place, folder="undisturbed", config=config):
                raise AssertionError(f"the undisturbed run failed: {error}")
            self._undisturbed[has_counts] = place.written("undisturbed")
        return self._undisturbed[has_counts]


def _first_run(scenario: Scenario, place: Place, truth: Truth, result: Result, *, threads: int) -> None:
    """Download from the server that fails, and look at what there is."""
    settings = {"outage_patience": PATIENCE_HOURS, **scenario.settings, "config": place.config(threads=threads)}
    retries = HASTY if scenario.is_hasty else PATIENT
    error = _error_of(place, retries=retries, **settings)
    found = held_against(truth, place.folder / "replays")
    result.available = len(truth.recordings)
    result.kept = result.available - len(found.missing)
    result.first = f"failed: {error}" if error else "complete"
    result.wrong = len(found.wrong)
    result.calls = place.server.arrived
    result.waited_hours = sum(place.clock.waits) / HOUR
    has_tables = (place.folder / "replays" / "manifest.parquet").exists()
    result.unnamed = len(found.unnamed if has_tables or not error else ())
    if found.wrong:
        result.problems.append(f"wrong bytes: {found.wrong}")
    if found.missing and not error:
        result.problems.append(f"ended well without {sorted(found.missing)}")
    if result.unnamed:
        result.problems.append(f"no table names {sorted(found.unnamed)}")
    if not has_tables and not error:
        result.problems.append("no table was written")


def _judge(scenario: Scenario, place: Place, other: DemoServer, watch: Watch, result: Result) -> None:
    """Look at calls and at where the key is."""
    result.leaks = len(found := [*watch.leaks, *leaks(place, other)])
    if found:
        result.problems.append(f"the key is where it must not be: {found[:2]}")
    if place.server.violations and not scenario.is_over_limits:
        result.violations = len(place.server.violations)
        result.problems.append(f"calls above the limits: {place.server.violations[:2]}")


def _error_of(place: Place, **settings: Any) -> str:
    """Download, and return the one line of the error that it ends with; nothing if it ends well.

    Raises:
        Exception: it ends with anything but one of our errors.
    """
    settings = {"retries": PATIENT, **settings}
    try:
        place.get(**settings)
    except ImpulseError as error:
        text = str(error)
        if not text.strip() or "\n" in text:
            return f"NOT ONE LINE {text!r}"
        return text
    return ""


def run_all(seeds: Iterable[int], wanted: Callable[[Scenario], bool], say: Callable[[str], object]) -> list[Result]:
    """Run scenarios, say a line about each, and return what came of them."""
    results = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rehearsal = Rehearsal(Path(folder))
        for seed in seeds:
            for scenario in scenarios(seed):
                if not wanted(scenario):
                    continue
                try:
                    result = rehearsal.run(scenario, seed=seed)
                except Exception as error:  # noqa: BLE001 - a traceback is what is looked for
                    result = Result(
                        scenario.name, seed, first=f"{type(error).__name__}: {error}", problems=[repr(error)]
                    )
                results.append(result)
                say(f"{result}" + "".join(f"\n    !! {problem}" for problem in result.problems))
    return results


def summary(results: list[Result]) -> str:
    """Return what the table comes to."""
    first = {name: sum(result.first.startswith(name) for result in results) for name in ("complete", "failed")}
    totals = {
        name: sum(getattr(result, name) for result in results) for name in ("violations", "wrong", "unnamed", "leaks")
    }
    return (
        f"{len({result.scenario.split(':')[0] for result in results})} kinds, {len(results)} scenarios, seeds "
        f"{sorted({result.seed for result in results})}: {first['complete']} complete at once, {first['failed']} failed and "
        f"named; {totals['violations']} calls above the limits, {totals['wrong']} wrong files, {totals['unnamed']} losses "
        f"without a name, {totals['leaks']} leaks of the key; {sum(bool(result.problems) for result in results)} with a problem"
    )


def main() -> None:
    """Run what is asked for, and fail where anything is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument(
        "--scenarios", nargs="+", default=[""], help="only those with one of these texts in their names"
    )
    asked = parser.parse_args()

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    results = run_all(asked.seeds, lambda scenario: any(text in scenario.name for text in asked.scenarios), say)
    say(summary(results))
    sys.exit(1 if any(result.problems for result in results) else 0)


if __name__ == "__main__":
    main()
