"""The server by itself, asked with a plain HTTP library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from impulse.collection import pacing
from impulse.demo.server import FAULTS, KEY, TIERS, DemoServer
from impulse.demo.server.faults import is_fault

DATA = b"some bytes of a replay" * 500


@pytest.fixture
def server() -> Iterator[DemoServer]:
    """A group with two children and one grandchild; five replays, one of them in two groups."""
    now = iter(range(10_000))
    with DemoServer(clock=lambda: float(next(now))) as made:
        for group, parent in (("top", None), ("a", "top"), ("b", "top"), ("deep", "a")):
            made.add_group(group, parent, name=f"Name of {group}")
        for number, groups in enumerate((("top",), ("a",), ("a", "b"), ("deep",), ("deep",))):
            made.add_replay(f"r{number}", DATA + bytes([number]), *groups)
        yield made


def got(server: DemoServer, path: str, *, key: str | None = KEY, **params: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(
        "GET",
        server.url + path,
        fields=params,
        headers={} if key is None else {"Authorization": key},
        redirect=False,
        retries=False,
        timeout=3,
    )


def listed(server: DemoServer, what: str, group: str, **params: str) -> dict[str, Any]:
    found: dict[str, Any] = got(server, f"/{what}", group=group, **params).json()
    return found


def counters(server: DemoServer, group: str = "top") -> dict[str, tuple[int, int]]:
    return {
        entry["id"]: (entry["direct_replays"], entry["indirect_replays"])
        for entry in listed(server, "groups", group)["list"]
    }


def test_groups_tell_how_many_replays_they_have(server: DemoServer) -> None:
    """All below includes the direct ones, pages of groups have no count, and those of replays have the whole list's."""
    assert counters(server) == {"a": (2, 4), "b": (1, 1)}
    assert [entry["name"] for entry in listed(server, "groups", "top")["list"]] == ["Name of a", "Name of b"]
    assert "count" not in listed(server, "groups", "top")
    page = listed(server, "replays", "a", count="1")
    assert page["count"] == 2
    assert [entry["id"] for entry in page["list"]] == ["r1"]
    server.members["b"] *= 12_000
    assert listed(server, "replays", "b")["count"] == 10_000


def test_counters_can_be_stale_or_absent(server: DemoServer) -> None:
    """They are told as they are set, or not at all."""
    server.counters["a"] = {"direct_replays": 7, "count": 9}
    assert counters(server) == {"a": (7, 4), "b": (1, 1)}
    assert listed(server, "replays", "a")["count"] == 9
    server.has_counts = False
    assert set(listed(server, "groups", "top")["list"][0]) == {"id", "link", "name"}
    assert set(listed(server, "replays", "a")) == {"list"}


def test_replays_are_delisted_or_gone(server: DemoServer) -> None:
    """One that left a group is there for whoever knows its id; one that was deleted is not."""
    server.remove_replay("r2", "a")
    assert counters(server) == {"a": (1, 3), "b": (1, 1)}
    server.remove_replay("r2")
    assert counters(server)["b"] == (0, 0)
    assert got(server, "/replays/r2/file").data == server.files["r2"]
    assert got(server, "/replays/r2").json()["id"] == "r2"
    server.delete_replay("r2")
    assert [got(server, path).status for path in ("/replays/r2/file", "/replays/r2")] == [404, 404]


def test_pages_follow_each_other(server: DemoServer) -> None:
    """The cursor of a page leads to the next one, whatever the size."""
    found, after = [], ""
    for _ in range(5):
        page = got(server, "/replays", count="2", after=after).json()
        found += [entry["id"] for entry in page["list"]]
        if "next" not in page:
            break
        after = page["next"].split("after=")[1].split("&")[0].replace("%3D", "=")
    assert found == [f"r{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        ("503:30", 503, "text/html", b"<html>go away</html>"),
        ("html", 200, "text/html", b"<html>welcome</html>"),
        ("json", 200, "application/json", b'{"error": "ballchasing.com fault"}'),
        ("empty", 200, "application/octet-stream", b""),
        ("null", 200, "application/json", b'{"list": null}'),
        ("nolist", 200, "application/json", b"{}"),
        ("wrongtype", 200, "text/html", DATA + b"\0"),
        ("slow:0.01", 200, "application/octet-stream", DATA + b"\0"),
        ("chunked", 200, "application/octet-stream", DATA + b"\0"),
        ("close", 200, "application/octet-stream", DATA + b"\0"),
        ("short", 200, "application/octet-stream", (DATA + b"\0")[: len(DATA) // 2]),
        ("nonsense", 501, "application/json", b'{"error": "there is no fault \'nonsense\'"}'),
        ("drop:1", 501, "application/json", b'{"error": "the fault \'drop:1\' cannot be had at /replays/r0/file"}'),
    ],
)
def test_fault_is_given_once(server: DemoServer, fault: str, status: int, kind: str, body: bytes) -> None:
    """What is wrong is exactly what the fault says, and the next call is answered well."""
    server.faults["/replays/r0/file"] = [fault]
    answer = got(server, "/replays/r0/file")
    assert (answer.status, answer.headers["Content-Type"], answer.data) == (status, kind, body)
    assert answer.headers.get("Retry-After") == ("30" if fault == "503:30" else None)
    assert got(server, "/replays/r0/file").data == DATA + b"\0"


@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_connections_break(server: DemoServer, fault: str) -> None:
    """The client sees an error of the connection."""
    server.always["/replays/r0/file"] = fault
    with pytest.raises(urllib3.exceptions.ProtocolError):
        got(server, "/replays/r0/file")


def test_lists_that_lie(server: DemoServer) -> None:
    """A loop leads to the same entries again, and what is dropped is missing although it is counted."""
    server.always["/replays"] = "loop"
    first = listed(server, "replays", "a", count="1")
    assert first["next"].split("after=")[1].split("&")[0] == "MDAwMA%3D%3D"
    again = listed(server, "replays", "a", count="1", after="MDAwMA==")
    assert again["list"] == first["list"]
    assert again["next"].endswith("after=MDAwMA==")
    server.always["/replays"] = "drop:1"
    page = listed(server, "replays", "a")
    assert (page["count"], [entry["id"] for entry in page["list"]]) == (2, ["r1"])


def test_lists_of_one_group_fail(server: DemoServer) -> None:
    """Those of all others are as they should be, and a wildcard concerns whatever it fits."""
    server.faults["/groups?group=a"] = ["404"]
    server.always["/replays?group=d*"] = "null"
    server.always["/replays/*/file"] = "500"
    asked = [("/groups", "top"), ("/groups", "a"), ("/groups", "a"), ("/replays", "top"), ("/replays", "deep")]
    assert [got(server, path, group=group).status for path, group in asked] == [200, 404, 200, 200, 200]
    assert listed(server, "replays", "deep") == {"list": None}
    assert listed(server, "replays", "a")["count"] == 2
    assert [got(server, path).status for path in ("/replays/r1/file", "/replays/r1")] == [500, 200]


@pytest.mark.parametrize("parameter", [{"count": "many"}, {"after": "?=="}])
def test_wrong_parameters_are_refused(server: DemoServer, parameter: dict[str, str]) -> None:
    """As the service does."""
    assert got(server, "/replays", **parameter).status == 400


def test_redirects(server: DemoServer) -> None:
    """The storage is another origin, needs no key, and shows which headers it was sent."""
    places = {}
    for fault in ("redirect", "location:http://[bad", "foreign:http://127.0.0.2:1/x", "same"):
        server.faults["/replays/r0/file"] = [fault]
        answer = got(server, "/replays/r0/file")
        assert answer.status == 302
        places[fault.partition(":")[0]] = answer.headers["Location"]
    assert places["location"] == "http://[bad"
    assert places["foreign"] == "http://127.0.0.2:1/x"
    assert places["same"] == "/api/replays/r0/file?again=1"
    assert places["redirect"] == server.url.replace("127.0.0.1", "localhost").replace("/api", "/storage/r0")
    assert server.files_sent == {}
    assert urllib3.request("GET", places["redirect"], headers={"X-Seen": "yes"}, retries=False).data == DATA + b"\0"
    assert [headers["X-Seen"] for headers in server.storage_headers] == ["yes"]
    assert server.files_sent == {"r0": 1}


def test_outages_come_and_go(server: DemoServer) -> None:
    """They concern every call, or downloads alone, while the clock says so."""
    now = 0.0
    server.clock = lambda: now
    server.outage = lambda at: "503:7" if 100 <= at < 200 else None
    paths = ("/", "/groups", "/replays/r0/file")
    assert [got(server, path).status for path in paths] == [200, 200, 200]
    now = 150.0
    assert [got(server, path, key=None).status for path in paths] == [503, 503, 503]
    server.outage_of_files_only = True
    assert [got(server, path).status for path in paths] == [200, 200, 503]
    now = 200.0
    assert [got(server, path).status for path in paths] == [200, 200, 200]


def test_keys_can_change(server: DemoServer) -> None:
    """A key that is no longer accepted gets 401."""
    server.keys = {"another"}
    assert [got(server, "/", key=key).status for key in (KEY, None, "another")] == [401, 401, 200]


def test_calls_above_the_limits_are_refused(server: DemoServer) -> None:
    """By the tier's limits, or by those of the server alone."""
    server.clock, server.tier = lambda: 0.0, "regular"
    assert [got(server, "/replays/r0/file").status for _ in range(2)] == [200, 429]
    assert server.violations == ["file at 0.00: 2 in a second, 2 in an hour"]
    server.limits["file"] = (10, 4)
    times = iter((10.0, 20.0, 30.0, 3599.0, 3610.5))
    server.clock = lambda: next(times)
    assert [got(server, "/replays/r0/file").status for _ in range(5)] == [200, 200, 429, 429, 200]


def test_tiers_are_those_of_the_client() -> None:
    """Both have them from the documentation."""
    client = {
        tier: {kind: (limit.per_second, limit.per_hour) for kind, limit in pacing.limits_of(tier).items()}
        for tier in TIERS
    }
    assert set(TIERS) == set(pacing.TIERS)
    assert all(TIERS[tier][kind] == client[tier][pacing.Call(kind)] for tier in TIERS for kind in TIERS[tier])


def test_nothing_is_recorded_that_grows() -> None:
    """A run of tens of thousands of calls needs numbers alone."""
    with DemoServer(record=False) as server:
        server.add_replay("r0", DATA)
        assert got(server, "/replays/r0/file").data == DATA
        got(server, "/replays/r1")
        assert (server.calls, server.headers) == ([], [])
        assert server.answered == {("file", 200): 1, ("core", 404): 1}
        assert server.arrived == 2


def test_every_fault_is_known_by_its_name() -> None:
    """Statuses are faults by their number."""
    assert all(is_fault(name) for name in (*FAULTS, "503", "429:30", "drop:2"))
    assert not is_fault("nonsense")
