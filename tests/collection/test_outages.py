"""An outage of the service spends no replay: it is waited out, or the run fails and the next one goes on."""

from __future__ import annotations

import itertools

import pytest
from tests.collection.conftest import START, Place
from tests.collection.test_downloading import rejects

from impulse.collection.client import RetryPolicy
from impulse.collection.facade import DownloadIncomplete
from impulse.collection.status import status_lines
from impulse.demo.server.handler import Handler
from impulse.errors import FetchError, Outage
from impulse.replay.container import read_header
from impulse.replay.facts import header_facts

OUTAGES = [
    "500",
    "503:120",
    "html",
    "json",
    "empty",
    "404",
    "403",
    "410",
    "reset",
    "truncated",
    "garbage",
    "short",
    "429",
]


@pytest.fixture
def group(place: Place, replays: list[bytes]) -> Place:
    """Thirty replays, five of them further uploads of the first five recordings."""
    for number in range(25):
        place.server.add_replay(f"replay-{number:02d}", replays[number], "top")
    for number in range(5):
        place.server.add_replay(f"upload-{number}", replays[number], "top", rocket_league_id=f"{number + 1:032X}")
    return place


@pytest.mark.parametrize("fault", OUTAGES)
@pytest.mark.parametrize("after", [0, pytest.param(7, marks=pytest.mark.heavy)])
def test_outage_of_files_is_waited_out(group: Place, fault: str, after: int) -> None:
    """Files fail for an hour while lists and ping work: all are had in the same run, each of them once or nearly so."""
    group.get(max_replays=after or None, folder="replays") if after else None
    begin = group.clock.now()
    group.server.outage = lambda now: fault if begin <= now < begin + 3600 else None
    group.server.outage_of_files_only = True
    result = group.get()
    assert (result.successful, result.duplicates, result.failed) == (25, 5, 0)
    assert rejects(group) == {f"upload-{number}": "duplicate_recording" for number in range(5)}
    assert group.clock.now() - begin < 3 * 3600
    assert group.server.violations == []
    # A few calls find out that it is an outage, then there is one look in ten minutes.
    assert sum(call.endswith("/file") for call in group.server.calls) < 25 + 60


@pytest.mark.parametrize("fault", ["503", "html", "404", "reset"])
def test_outage_of_everything_is_waited_out(group: Place, fault: str) -> None:
    """From the first call on, and in the middle of lists, nothing works for two hours."""
    begin = group.clock.now()
    group.server.outage = lambda now: fault if now < begin + 7200 else None
    assert group.get().successful == 25


@pytest.mark.parametrize("fault", ["html", "503", "404", "garbage"])
def test_outage_that_is_too_long_fails_and_the_next_run_has_all(group: Place, fault: str) -> None:
    """Every replay that is missing is named as not fetched, with the outage, and nothing is left of it afterwards."""
    undisturbed = group.get(folder="undisturbed", config=group.config(database_path=group.folder / "other.sqlite"))
    group.get(max_replays=5)
    for number in range(25):
        group.server.always[f"/replays/replay-{number:02d}/file"] = fault
    for number in range(5):
        group.server.always[f"/replays/upload-{number}/file"] = fault
    with pytest.raises(DownloadIncomplete, match=r"the service has not worked for 1 h .* run again later") as caught:
        group.get(outage_patience=1)
    assert (caught.value.result.successful, caught.value.result.pending) == (5, 20)
    assert [reason for name, reason in rejects(group).items() if name.startswith("replay")] == ["not_fetched"] * 20
    group.server.always.clear()
    assert group.get() == undisturbed.__class__(
        **{
            name: getattr(undisturbed, name)
            for name in ("successful", "duplicates", "failed", "gone", "forbidden", "pending", "delisted")
        },
        downloaded_now=20,
        files=tuple(group.folder / "replays" / path.name for path in undisturbed.files),
    )
    assert group.written() == group.written("undisturbed")


def test_many_replays_that_are_gone_are_no_outage(group: Place) -> None:
    """Where other files come, what is gone is gone: one look at a known file settles it, and nothing is waited for."""
    for number in range(5, 15):
        del group.server.files[f"replay-{number:02d}"]
    started = group.clock.now()
    result = group.get(max_lost_share=0.5)
    assert (result.successful, result.gone) == (15, 10)
    assert group.clock.now() - started < 900


def test_group_whose_replays_are_all_gone_is_no_outage(place: Place, replays: list[bytes]) -> None:
    """With no file that ever came, the server's word on each of them counts when it is asked for something else."""
    for number in range(8):
        place.server.add_replay(f"replay-{number}", replays[number], "top", rocket_league_id=f"{number:032X}")
        del place.server.files[f"replay-{number}"]
        place.server.always[f"/replays/replay-{number}"] = "404"
    assert place.get(max_lost_share=1).gone == 8


def test_all_uploads_of_a_recording_are_asked_for(place: Place, replays: list[bytes]) -> None:
    """Each that is gone leads to the next one, however many there are, and the last one has the file."""
    for number in range(8):
        place.server.add_replay(f"upload-{number}", replays[0], "top", rocket_league_id="AB" * 16)
    place.server.add_replay("other", replays[1], "top")
    for number in range(7):
        del place.server.files[f"upload-{number}"]
    result = place.get()
    assert (result.successful, result.gone) == (2, 7)


def test_pings_that_fail_now_and_then_keep_no_run_for_ever(group: Place) -> None:
    """Every second ping fails while files come: what cannot be had is settled all the same."""
    for number in (8, 9):
        del group.server.files[f"replay-{number:02d}"]
    group.server.faults["/"] = ["fine"] + ["503"] * 3
    calls = itertools.count()

    def looked_at(now: float) -> str | None:
        assert next(calls) < 500
        # The client asks three times until a fault is final; a ping that was answered is followed by one that fails.
        if not group.server.faults["/"]:
            group.server.faults["/"] = ["503"] * 3 + ["fine"]
        return None

    group.server.outage = looked_at
    assert group.get(max_lost_share=0.1).gone == 2


def test_loss_above_the_share_fails(group: Place) -> None:
    """More than a twentieth of the recordings lost is not taken in silence."""
    for number in range(5, 8):
        del group.server.files[f"replay-{number:02d}"]
    with pytest.raises(DownloadIncomplete, match=r"3 of 25 recordings are lost, more than fetch.max_lost_share=0.05"):
        group.get()
    assert group.get(max_lost_share=0.12).gone == 3
    with pytest.raises(DownloadIncomplete, match="replay-05"):
        group.get(max_lost_share=0)


def test_status_tells_of_an_outage(group: Place) -> None:
    """Since when, why, when it is looked at again and for how long; and nothing any more once it is over."""
    begin, seen = group.clock.now(), []
    group.server.outage = lambda now: "503" if begin + 5 <= now < begin + 7200 else None
    sleep = group.clock.sleep

    def looking(seconds: float) -> None:
        if seconds > 100:
            seen.append(status_lines(group.folder / "ledger.sqlite", now=group.clock.now()))
        sleep(seconds)

    group.clock.sleep = looking  # type: ignore[method-assign]
    group.get()
    assert any("the service has not worked for" in line and "looking again in" in line for line in seen[-1])
    assert not any("not worked" in line for line in status_lines(group.folder / "ledger.sqlite", now=group.clock.now()))

    group.clock.sleep = sleep  # type: ignore[method-assign]
    group.server.outage = lambda now: "503"
    with pytest.raises(FetchError):
        group.get(refresh=True, outage_patience=1)
    text = "\n".join(status_lines(group.folder / "ledger.sqlite", now=group.clock.now() + 7200))
    assert "the last run ended because the service had not worked for 1 h" in text
    group.server.outage = None
    group.get(refresh=True)
    assert "the last run" not in "\n".join(status_lines(group.folder / "ledger.sqlite", now=group.clock.now()))


def test_one_list_that_fails_ends_no_other(place: Place, replays: list[bytes]) -> None:
    """A list that fails while the server answers others is named, and everything else is kept."""
    place.server.add_group("bad", "top")
    place.server.add_replay("replay-0", replays[0], "top")
    place.server.outage = lambda now: None
    place.server.faults["/replays"] = ["fine"] + ["500"] * 100
    with pytest.raises(DownloadIncomplete, match=r"bad \(GET /replays: HTTP 500\)") as caught:
        place.get()
    assert caught.value.result.successful == 1


def test_429_slows_down_for_an_hour_and_is_remembered(group: Place) -> None:
    """The next process knows it, and after the hour the pace is what it was."""
    group.server.tier = "regular"
    group.server.faults["/replays/replay-00/file"] = ["429", "429"]
    group.get(max_replays=4)
    spaces = [b for b in group.clock.waits if 15 < b < 60]
    assert max(spaces) > 1.5 * 18
    text = "\n".join(status_lines(group.folder / "ledger.sqlite", now=group.clock.now()))
    assert "slowed down to 64% after refusals" in text
    group.clock.waits.clear()
    group.get(max_replays=3)
    assert max(group.clock.waits) > 1.5 * 18
    group.clock.time += 3600
    group.clock.waits.clear()
    group.get(max_replays=3)
    assert max(group.clock.waits) < 19


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("https://no-such-host.invalid/api", "cannot be resolved"),
        ("http://127.0.0.1:9/api", "the connection was refused"),
    ],
)
def test_server_that_cannot_be_reached_is_named_with_the_cause(place: Place, url: str, cause: str) -> None:
    """DNS, a refusal, TLS and a proxy are told apart, in one line, and no hours are spent on what may be a slip of a key."""
    place.clock.is_quiet = lambda: True
    with pytest.raises(FetchError, match=cause) as caught:
        place.get(config=place.config(base_url=url))
    assert "\n" not in str(caught.value)
    assert place.clock.now() - START < 60
    place.get(accept_incomplete=["top"])
    with pytest.raises(FetchError, match=f"has not worked for 1 h .*{cause}"):
        place.get(config=place.config(base_url=url), outage_patience=1)


def test_tls_and_proxy_are_named(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that speaks no TLS, and a proxy that is not there."""
    place.clock.is_quiet = lambda: True
    quick = RetryPolicy(connect_seconds=0.3, idle_seconds=0.3, tries=1)
    secure = place.server.url.replace("http://", "https://")
    with pytest.raises(FetchError, match=r"no secure connection \(TLS\)"):
        place.get(config=place.config(base_url=secure), retries=quick)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(FetchError, match="the proxy of this machine"):
        place.get(config=place.config(base_url="https://no-such-host.invalid/api"), retries=quick)


def test_replays_that_are_gone_never_hold_up_short_runs(group: Place) -> None:
    """Runs that may ask for three replays get past three that are gone: what was asked for is settled, whatever it takes."""
    for number in range(3):
        del group.server.files[f"replay-{number:02d}"]
    first, second = (group.get(max_replays=3, max_lost_share=1) for _ in range(2))
    assert (first.successful, first.gone, first.pending) == (0, 3, 27)
    assert (second.successful, second.gone) == (3, 3)


def test_known_files_that_are_gone_speak_for_no_outage(group: Place) -> None:
    """Whoever deletes new replays may have deleted the ones that tell whether the service works: others are asked for then."""
    group.get(max_replays=8)
    had = sorted(
        (path for path in (group.folder / "replays").glob("*.replay")),
        key=lambda path: (path.stat().st_size, path.name),
    )
    for path in had[:4]:
        del group.server.files[path.stem]
    for number in range(8, 25):
        del group.server.files[f"replay-{number:02d}"]
    started = group.clock.now()
    assert group.get(max_lost_share=1).gone == 17
    assert group.clock.now() - started < 3600


def test_outage_that_a_run_was_killed_in_is_not_told_for_ever(group: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again: status says when that was; once another run has got an answer, nothing."""
    ledger, sleep = group.folder / "ledger.sqlite", group.clock.sleep

    def killed(seconds: float) -> None:
        if seconds > 300:
            raise KeyboardInterrupt
        sleep(seconds)

    monkeypatch.setattr(group.clock, "sleep", killed)
    group.server.outage = lambda now: "503"
    with pytest.raises(KeyboardInterrupt):
        group.get()
    monkeypatch.undo()
    assert "looking again in" in status_lines(ledger, now=group.clock.now())[-1]
    group.clock.time += 86_400
    assert "did not work when a run looked 23 h 52 min ago" in status_lines(ledger, now=group.clock.now())[-1]
    group.server.outage = None
    assert group.get().successful == 25
    assert not [line for line in status_lines(ledger, now=group.clock.now()) if "service" in line]


def test_run_of_hours_does_not_wait_longer_for_lists(group: Place) -> None:
    """An outage before the first list ends a run at its own limit, and the message names that."""
    group.server.outage = lambda now: "503"
    started = group.clock.now()
    with pytest.raises(Outage, match=r"for 30 min \(.*\(fetch.max_hours ends a run\)"):
        group.get(max_hours=0.5)
    assert group.clock.now() - started < 2100


def test_files_of_other_recordings_are_an_outage(place: Place, replays: list[bytes]) -> None:
    """A service that gives one good replay for every id: nothing is kept under a wrong id, and everything comes later."""
    for number, data in enumerate(replays[:12]):
        listed = header_facts(read_header(data))["recording_id"]
        place.server.add_replay(f"replay-{number:02d}", data, "top", rocket_league_id=listed)
    right = dict(place.server.files)
    place.server.files.update(dict.fromkeys(right, right["replay-05"]))
    with pytest.raises(DownloadIncomplete, match="the server gives the file of another recording"):
        place.get(outage_patience=1)
    assert [path.name for path in (place.folder / "replays").glob("*.replay")] == ["replay-05.replay"]
    place.server.files.update(right)
    assert place.get().successful == 12
    assert {path.stem: path.read_bytes() for path in (place.folder / "replays").glob("*.replay")} == right


def test_length_that_makes_no_sense_is_none(
    place: Place, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of thousands of digits, which Python refuses to read: the file's own lengths and CRCs tell whether it is whole."""
    place.server.add_replay("replay-0", replays[0], "top")
    send_header = Handler.send_header

    def absurd(handler: Handler, name: str, value: str) -> None:
        is_length = name == "Content-Length" and handler.path.endswith("/file")
        send_header(handler, name, "9" * 5000 if is_length else value)
        handler.close_connection |= is_length

    monkeypatch.setattr(Handler, "send_header", absurd)
    assert place.get().successful == 1


def test_what_no_list_has_any_more_is_not_waited_for(group: Place) -> None:
    """A replay that cannot be had fails every run until it is had, given up, or listed no more; then it is a reject that says so."""
    group.server.always["/replays/replay-09/file"] = "500"
    for _ in range(3):
        with pytest.raises(DownloadIncomplete, match=r"replay-09 .*run again$"):
            group.get()
    group.server.remove_replay("replay-09")
    assert group.get(refresh=True).delisted == 1
    assert rejects(group)["replay-09"] == "delisted"
    text = "\n".join(status_lines(group.folder / "ledger.sqlite", now=group.clock.now()))
    assert "recordings: 24 here; of 29 uploads" in text
    group.server.always.clear()
    assert group.get().successful == 24


def test_group_that_its_owner_deletes_is_no_outage(group: Place) -> None:
    """Files that came before are gone, too, and the server says so of each: nothing is waited for."""
    group.get(max_replays=5)
    for replay_id in list(group.server.files):
        del group.server.files[replay_id], group.server.entries[replay_id]
    group.server.members["top"].clear()
    started = group.clock.now()
    with pytest.raises(DownloadIncomplete, match="recordings are lost"):
        group.get()
    assert group.clock.now() - started < 3600
    assert group.get(refresh=True).successful == 5


def test_nothing_listed_is_no_success(place: Place) -> None:
    """An empty group is not built from in silence; named as right so, it is."""
    with pytest.raises(DownloadIncomplete, match="no list has a replay"):
        place.get()
    assert place.get(accept_incomplete=["top"]).total == 0


def test_key_is_not_given_up_for_one_answer(group: Place) -> None:
    """One download that is refused with 401, while the server knows the key otherwise, needs nobody to change anything."""
    group.server.faults["/replays/replay-09/file"] = ["401"]
    assert group.get().successful == 25
