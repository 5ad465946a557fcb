"""The settings of the fetch stage: sources, storage, and the filters that a query of the API takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from impulse.config.group_address import group_id_of
from impulse.config.ranges import check_numbers, check_range
from impulse.errors import ConfigError, check_known
from impulse.s3.url import S3Url
from impulse.tables.paths import REPLAYS


class SourceKind(StrEnum):
    """Where fetch takes replays from."""

    demo = "demo"
    """Synthetic replays, written on the spot."""
    local = "local"
    """Replay files on this machine."""
    ballchasing = "ballchasing"
    """Groups and queries of Ballchasing.com, or of a server with the same API."""
    ballchasing_demo = "ballchasing_demo"
    """A synthetic season on a Ballchasing of our own, which runs as long as fetch does."""
    s3 = "s3"
    """Objects below a prefix of a bucket."""

    @property
    def ledger(self) -> str:
        """File in .state with what a source that downloads from groups has done; rehearsals leave that of the real one alone."""
        return "ledger-demo.sqlite" if self is SourceKind.ballchasing_demo else "ledger.sqlite"


class StorageKind(StrEnum):
    """Where fetch keeps raw replays and parse reads them."""

    local = "local"
    """Local state; data/raw has links to those of the manifest, beside it."""
    s3 = "s3"
    """A bucket; data/raw has the manifest and the other lists alone."""


class Delisted(StrEnum):
    """What becomes of replays that a list had and has no more."""

    keep = "keep"
    """They stay, with the date."""
    drop = "drop"
    """They are left out; their files stay where they are."""


QUERY_FILTERS = (
    *("title", "player-name", "player-id", "playlist", "season", "match-result", "min-rank", "max-rank", "pro"),
    *("uploader", "group", "map", "created-before", "created-after", "replay-date-before", "replay-date-after"),
    *("sort-by", "sort-dir"),
)
"""Filters of the API's list of replays (its documentation, read 2025-12). It checks their values itself."""


def query_filters(query: dict[str, Any]) -> dict[str, list[str]]:
    """Return a query by the API's names, every value as a list of texts.

    Args:
        query: filters; ``_`` may replace ``-``. ``pro`` may be a truth value and ``season`` a whole number.

    Raises:
        ConfigError: a filter is unknown, or a number or a truth value where only text is meant: 007 would ask for 7.
    """
    filters: dict[str, list[str]] = {}
    for given, value in query.items():
        name = str(given).replace("_", "-")
        check_known(f"fetch.query.{given}", name, QUERY_FILTERS, what="filter")
        values = list(value) if isinstance(value, list | tuple) else [value]
        for item in values:
            if not (item is None or isinstance(item, str) or (name, type(item)) in (("pro", bool), ("season", int))):
                raise ConfigError(
                    f"fetch.query.{given}", f"{item!r} is no text; quote it, also within the quotes of a shell"
                )
        if name == "group":
            values = [item and group_id_of(item, key=f"fetch.query.{given}") for item in values]
        texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in values if item is not None]
        if texts:
            filters[name] = texts
    return filters


def check_place(key: str, url: str | None) -> None:
    """Raise a ConfigError unless ``url`` names a place in a bucket, or nothing."""
    try:
        if url is not None:
            S3Url.parse(url)
    except ValueError as error:
        raise ConfigError(key, str(error)) from error


def check_glob(key: str, pattern: str) -> None:
    """Raise a ConfigError unless ``pattern`` is a glob below a folder; ``**`` stands for folders and nothing else."""
    if not pattern or pattern.startswith("/"):
        raise ConfigError(key, f"{pattern!r} must be a relative glob such as **/*.replay")
    if ".." in pattern.split("/"):
        raise ConfigError(key, f"{pattern!r} leads out of its folder; name the folder above in fetch.path")
    if any("**" in part and part != "**" for part in pattern.split("/")):
        raise ConfigError(key, f"{pattern!r}: ** must stand by itself, as in **/*.replay")


LOOPBACK = ("127.0.0.1", "localhost", "::1")


def checked_base_url(url: str, *, key: str) -> str:
    """Return the base URL of a server without a slash at its end.

    Args:
        url: the URL.
        key: dotted name of the setting.

    Raises:
        ConfigError: it is no URL of a server, or would send the API key unencrypted over a network.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(key, "is not a URL") from error
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigError(key, "must look like https://host/path, without user, query and fragment")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ConfigError(key, f"{url!r} would send the key unencrypted; use https")
    return url.rstrip("/")


MAX_SERVED = 2_000
"""Matches of a season that a server has in memory, with 0.3 MB each."""


@dataclass(frozen=True)
class FetchParams:
    """Settings of the fetch stage."""

    source: SourceKind = SourceKind.demo
    path: str | None = None
    """local: folder of replays, or a glob of files; null takes the folder that IMPULSE_REPLAYS names."""
    pattern: str = "**/*.replay"
    """local: which files of the folder are replays; upper and lower case are the same."""
    matches: int = 12
    """demo, ballchasing_demo: number of different matches."""
    seed: int = 1
    """demo, ballchasing_demo: another seed gives other matches of other players."""
    match_seconds: float = 75.0
    """demo, ballchasing_demo: mean playing time of a match."""
    groups: list[str] = field(default_factory=list)
    """ballchasing: ids or addresses of groups; all their child groups belong to them. ballchasing_demo: none takes the whole
    season."""
    query: dict[str, Any] = field(default_factory=dict)
    """ballchasing: filters of the list of replays, by the API's names; for replays beside those of the groups."""
    base_url: str | None = None
    """ballchasing: another server with the same API; null takes BALLCHASING_BASE_URL, then Ballchasing.com."""
    threads: int = 4
    """ballchasing, s3: downloads at a time, which share one pace; also uploads to a bucket."""
    rate_limit_per_hour: int | None = None
    """ballchasing: downloads an hour; null takes what the key's tier allows."""
    refresh: bool = False
    """ballchasing: list groups and queries again; otherwise what was listed before is used."""
    retry_failed: bool = False
    """ballchasing: try again what failed, was gone or was forbidden; otherwise only what may have been an outage's fault."""
    outage_patience: float = 12.0
    """ballchasing: hours that a run waits for a service that does not work; past that it fails, and the next run goes on."""
    max_lost_share: float = 0.05
    """ballchasing: share of recordings that may be lost (gone, forbidden, damaged at the source); with more the run fails."""
    accept_incomplete: list[str] = field(default_factory=list)
    """ballchasing: groups (ids or addresses) that may list fewer replays than the API counts; for all others the run fails."""
    delisted: Delisted = Delisted.keep
    """ballchasing: replays that no list has any more stay, with the date (keep), or are left out (drop)."""
    dry_run: bool = False
    """Say what a run would do, such as how many replays, calls and hours there are, and fetch nothing."""
    max_replays: int | None = None
    """ballchasing: end the run after so many downloads; the next run goes on."""
    max_hours: float | None = None
    """ballchasing: end the run after so many hours; the next run goes on."""

    source_url: str | None = None
    """s3: bucket and prefix of replay files, such as s3://my-bucket/uploads; all objects below that end in .replay, in any case."""
    max_replay_mb: int = 64
    """Largest replay that is read, in MiB; real ones have 0.1 to 5. A larger one is a reject and costs no memory."""
    storage: StorageKind = StorageKind.local
    """Where raw replays are kept."""
    storage_url: str | None = None
    """s3: bucket and prefix for raw replays, such as s3://my-bucket/raw; the same as ``source_url`` copies nothing."""

    def __post_init__(self) -> None:
        """Check values."""
        check_numbers(self, "fetch")
        check_place("fetch.source_url", self.source_url)
        check_place("fetch.storage_url", self.storage_url)
        self._check_overlap()
        is_served = self.source is SourceKind.ballchasing_demo
        check_range("fetch.matches", self.matches, 1, MAX_SERVED if is_served else 1_000_000)
        check_range("fetch.match_seconds", self.match_seconds, 10, 3600)
        check_glob("fetch.pattern", self.pattern)
        if self.base_url is not None:
            checked_base_url(self.base_url, key="fetch.base_url")
        check_range("fetch.threads", self.threads, 1, 64)
        check_range("fetch.max_replay_mb", self.max_replay_mb, 1, 2047)
        if self.rate_limit_per_hour is not None:
            check_range("fetch.rate_limit_per_hour", self.rate_limit_per_hour, 1, 100_000)
        if self.max_replays is not None:
            check_range("fetch.max_replays", self.max_replays, 1)
        if self.max_hours is not None:
            check_range("fetch.max_hours", self.max_hours, 0.001)
        check_range("fetch.outage_patience", self.outage_patience, 0)
        check_range("fetch.max_lost_share", self.max_lost_share, 0, 1)
        _ = self.group_ids, self.accepted  # which checks each of them
        query_filters(self.query)

    @property
    def group_ids(self) -> list[str]:
        """Ids of the groups."""
        return [group_id_of(group, key="fetch.groups") for group in self.groups]

    @property
    def accepted(self) -> list[str]:
        """What lists that may lack something are called: ids of groups, and queries as messages name them."""
        return [
            name if str(name).startswith("query ") else group_id_of(name, key="fetch.accept_incomplete")
            for name in self.accept_incomplete
        ]

    @property
    def max_replay_bytes(self) -> int:
        """Bytes that a replay may have."""
        return self.max_replay_mb * 2**20

    @property
    def is_in_place(self) -> bool:
        """Tell whether replays stay where the source has them."""
        return self._places() is not None and len(set(self._places() or ())) == 1

    def _places(self) -> tuple[S3Url, S3Url] | None:
        """Return source and storage when both are buckets."""
        is_both = self.source is SourceKind.s3 and self.storage is StorageKind.s3
        if not is_both or self.source_url is None or self.storage_url is None:
            return None
        return S3Url.parse(self.source_url), S3Url.parse(self.storage_url)

    def _check_overlap(self) -> None:
        places = self._places()
        if places is None or self.is_in_place:
            return
        source, storage = places
        kept = S3Url(storage.bucket, storage.key(REPLAYS.rstrip("/")))
        if source.contains(kept) or kept.contains(source):
            raise ConfigError(
                "fetch.storage_url",
                "lies inside fetch.source_url, so that stored replays would be taken for new ones; name another prefix, "
                "or the same place to leave the replays where they are",
            )
