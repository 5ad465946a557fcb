"""The notice of the spot market, from a metadata service of our own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from tests.deploy.fake_metadata import FakeMetadata

from impulse.sharing.long_run.spot import DISABLED_VARIABLE, ENDPOINT_VARIABLE, SpotNotice


@pytest.fixture
def metadata() -> Iterator[FakeMetadata]:
    with FakeMetadata() as server:
        yield server


def test_notice_is_seen_with_one_call_a_look(metadata: FakeMetadata, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none for days, then there is one; a token that has ended is renewed. No proxy is asked."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    with closing(SpotNotice({ENDPOINT_VARIABLE: metadata.url})) as spot:
        assert [spot.is_given() for _ in range(3)] == [False] * 3
        assert metadata.asked == ["PUT 200", "GET 404", "GET 404", "GET 404"]
        metadata.tokens.append("token-2")
        metadata.take_machine()
        assert spot.is_given()
        assert metadata.asked[4:] == ["GET 401", "PUT 200", "GET 200"]


@pytest.mark.parametrize("notice", ["", "{", "[]", "null", '{"action": ""}', "<html>"])
def test_nonsense_is_no_notice(metadata: FakeMetadata, notice: str) -> None:
    """Only an action ends a run."""
    metadata.notice = notice
    with closing(SpotNotice({ENDPOINT_VARIABLE: metadata.url})) as spot:
        assert not spot.is_given()


def test_away_from_ec2_nobody_is_asked_again(metadata: FakeMetadata) -> None:
    """Where the service is switched off, or nothing answers; nor does one that goes away end anything."""
    with closing(SpotNotice({ENDPOINT_VARIABLE: metadata.url, DISABLED_VARIABLE: "true"})) as spot:
        assert not spot.is_given()
    assert metadata.asked == []
    with closing(SpotNotice({ENDPOINT_VARIABLE: "http://127.0.0.1:1"})) as spot:
        assert not spot.is_given()
    with FakeMetadata() as other:
        spot = SpotNotice({ENDPOINT_VARIABLE: other.url})
    with closing(spot):
        assert not spot.is_given()
