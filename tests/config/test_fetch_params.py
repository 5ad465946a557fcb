"""Places of replays in settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impulse.config.composition import checked
from impulse.config.fetch import query_filters
from impulse.config.params import Params
from impulse.errors import ConfigError
from impulse.s3.url import S3Url

NAMES = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789._-=+", min_size=1, max_size=12).filter(
    lambda name: name not in (".", "..")
)
BUCKETS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)


@given(BUCKETS, st.lists(NAMES, max_size=4), NAMES)
def test_place_is_read_as_it_is_written(bucket: str, parts: list[str], name: str) -> None:
    """Text and place say the same, with and without a slash at the end."""
    place = S3Url(bucket, "/".join(parts))
    assert S3Url.parse(str(place)) == S3Url.parse(f"{place}/") == place
    assert place.address(name) == f"{place}/{name}"
    assert place.contains(S3Url(bucket, place.key(name)))
    assert not S3Url(bucket, place.key(name)).contains(place)
    assert not place.contains(S3Url(f"{bucket}x", place.key(name)))


@pytest.mark.parametrize(
    "text",
    ["", "bucket", "s3:bucket/x", "s3:///x", "s3://b/x", "https://host/b", "s3://bucket//x", "s3://bucket/../x",
     "s3://bucket/a b", "s3://bucket/x?y", "s3://bucket/*", "s3://KEY:SECRET@bucket/x", "s3://bucket:9000/x"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["source_url", "storage_url"])
def test_text_that_is_no_place_is_one_line_without_it(key: str, text: str) -> None:
    """The message names the setting and never repeats what might be a secret."""
    with pytest.raises(ConfigError, match=rf"^fetch\.{key}: must look like s3://bucket/prefix") as caught:
        checked(Params, {"fetch": {key: text}})
    assert "\n" not in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "storage", "is_fine"),
    [
        ("s3://bucket/a", "s3://bucket/a/", True),
        ("s3://bucket/a", "s3://bucket/b", True),
        ("s3://bucket/a", "s3://other/a/b", True),
        ("s3://bucket/a", "s3://bucket/ab", True),
        ("s3://bucket/a", "s3://bucket", True),
        ("s3://bucket/a", "s3://bucket/a/b", False),
        ("s3://bucket", "s3://bucket/b", False),
        ("s3://bucket/b/replays", "s3://bucket/b", False),
        ("s3://bucket/b/replays/ab", "s3://bucket/b", False),
    ],
)
def test_storage_inside_the_source_is_refused(source: str, storage: str, is_fine: bool) -> None:
    """Stored replays would be found as new ones; the same place is fine, for nothing is stored there."""
    fetch = {"source": "s3", "storage": "s3", "source_url": source, "storage_url": storage}
    if is_fine:
        params = checked(Params, {"fetch": fetch}).fetch
        assert params.is_in_place == (source == storage.rstrip("/"))
        assert not checked(Params, {"fetch": {**fetch, "storage": "local"}}).fetch.is_in_place
    else:
        with pytest.raises(ConfigError, match=r"^fetch\.storage_url: lies inside fetch\.source_url"):
            checked(Params, {"fetch": fetch})


@pytest.mark.parametrize(
    ("name", "value"), [("player-name", 7), ("player_name", 1e5), ("map", True), ("pro", 1), ("season", [True])]
)
def test_a_filter_that_is_no_text_is_refused(name: str, value: object) -> None:
    """An override such as `+fetch.query.player-name=1e5` would ask for another player; conf/ is checked as it is written."""
    with pytest.raises(ConfigError, match=rf"^fetch\.query\.{name}: .* is no text; quote it"):
        checked(Params, {"fetch": {"query": {name: value}}})


def test_filters_are_asked_for_as_they_are_written() -> None:
    """Texts stay; what may be a truth value or a number gets the text that the API knows."""
    filters = query_filters({"player_name": ["007", "yes"], "pro": True, "season": 14, "map": None})
    assert filters == {"player-name": ["007", "yes"], "pro": ["true"], "season": ["14"]}
