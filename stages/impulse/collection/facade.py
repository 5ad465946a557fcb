"""The short way to a folder or bucket of replays: one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from impulse.collection.ballchasing import open_ballchasing
from impulse.collection.client import RetryPolicy
from impulse.collection.config import CollectionConfig
from impulse.collection.intake import take_in
from impulse.collection.kept import KeptReplays, seen_in
from impulse.collection.known import KnownFacts
from impulse.collection.merging import Lists, merged, read_lists
from impulse.collection.pacing import Clock
from impulse.collection.raw_storage import RawStorage
from impulse.config.fetch import FetchParams, SourceKind, StorageKind, check_place
from impulse.config.group_address import group_id_of
from impulse.errors import ConfigError, Incomplete, check_known
from impulse.files.disk import from_home
from impulse.files.storage import LocalFolder
from impulse.replay.reasons import Reason
from impulse.run.progress import shown
from impulse.s3.credentials import S3Settings
from impulse.s3.url import S3Url


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """What a download brought of its group, whatever else is in the same place."""

    successful: int
    """Replays of the group that are in the storage, downloaded now or earlier; each recording once."""
    downloaded_now: int
    duplicates: int
    """Further uploads of recordings that are taken already."""
    failed: int
    gone: int
    forbidden: int
    pending: int
    """Replays that the run did not get to before its own limit."""
    delisted: int
    """Replays that no list of the group has any more, and that were never had."""
    files: tuple[Path, ...]
    """Files of the successful replays, by replay id; none when they are in a bucket."""

    @property
    def total(self) -> int:
        """Replays that the group lists."""
        return (
            self.successful + self.duplicates + self.failed + self.gone + self.forbidden + self.pending + self.delisted
        )


class DownloadIncomplete(Incomplete):
    """A download kept what it could get, and something that should exist is missing; calling again goes on."""

    def __init__(self, message: str, result: DownloadResult) -> None:
        super().__init__(message)
        self.result = result
        """What there is."""

    def __reduce__(self) -> tuple[type[DownloadIncomplete], tuple[str, DownloadResult]]:
        """Keep the result when the error crosses a process boundary."""
        return type(self), (str(self), self.result)


def download_group(
    group_id: str,
    *,
    storage_type: str = "local",
    output_dir: str | Path = "./replays",
    config: CollectionConfig | None = None,
    refresh: bool = False,
    retry_failed: bool = False,
    max_replays: int | None = None,
    max_hours: float | None = None,
    outage_patience: float = 12.0,
    max_lost_share: float = 0.05,
    accept_incomplete: Sequence[str] = (),
    progress: bool = True,
    clock: Clock | None = None,
    retries: RetryPolicy | None = None,
) -> DownloadResult:
    """Download all replays of a group and of the groups below it, and go on where an earlier call stopped.

    Files are named by replay id and are in ``output_dir`` beside ``manifest.parquet`` and ``rejects.parquet``; with
    ``s3`` all of them are objects of ``config.s3_bucket_name`` below ``config.s3_prefix``, and this machine keeps none.
    What earlier downloads of other groups brought into the same place stays in these lists as long as its files are there.
    AWS credentials come from the usual AWS chain, another store's address from ``AWS_ENDPOINT_URL``.

    Args:
        group_id: id of the group, or its address, like ``https://ballchasing.com/group/ID``.
        storage_type: where files go: ``local`` is a folder, ``s3`` a bucket.
        output_dir: the folder, with ``~`` for the home; not used with ``s3``.
        config: key, server, ledger, pace and bucket; None takes them from the environment and from ``.env``.
        refresh: list the group again instead of using what was listed before.
        retry_failed: try again what failed, was gone or was forbidden.
        max_replays: end after so many downloads.
        max_hours: end after so many hours.
        outage_patience: hours to wait for a service that does not work.
        max_lost_share: share of recordings that may be lost: gone, forbidden, damaged at the source.
        accept_incomplete: groups that may list fewer replays than the API counts.
        progress: show on stderr what goes on: a bar on a terminal, elsewhere a line now and then. A program that has set up
            logging for ``impulse`` at the level INFO gets the lines there instead. False shows nothing.
        clock: time and waiting.
        retries: timeouts and retries.

    Raises:
        AuthError: there is no key, or the server refuses it.
        DownloadIncomplete: something that should exist could not be had, or a list lacks something; ``result`` says what there
            is, and calling again goes on.
        ConfigError: an argument cannot be used.
        SourceError: the group does not exist, or the server cannot be read.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials; or a newer impulse wrote the
            manifest that is there.
    """
    check_known("storage_type", storage_type, list(StorageKind), what="storage")
    params = FetchParams(
        source=SourceKind.ballchasing,
        groups=[group_id_of(group_id, key="group_id")],
        refresh=refresh,
        retry_failed=retry_failed,
        max_replays=max_replays,
        max_hours=max_hours,
        outage_patience=outage_patience,
        max_lost_share=max_lost_share,
        accept_incomplete=list(accept_incomplete),
    )
    config = config or CollectionConfig.from_env()
    folder = from_home(output_dir)
    bucket = _bucket(config) if storage_type == "s3" else None
    ledger = Path(config.database_path)
    known = KnownFacts(ledger.with_name(f"{ledger.name}.facts"))  # so that no header is read twice
    with (
        shown(is_wanted=progress),
        open_ballchasing(
            params,
            config,
            name_of=lambda replay: f"{replay}.replay",
            known=known,
            clock=clock,
            retries=retries,
        ) as source,
        _storage(folder, bucket, config) as storage,
    ):
        read_lists(storage)  # what cannot be added to ends the run before its first call to the server
        names: list[str] = []

        def with_earlier(found: Lists) -> Lists:
            names.extend(str(row["path"]) for row in sorted(found.replays, key=itemgetter("replay_id")))
            return merged(read_lists(storage), found, storage=storage)  # as they are now, hours later

        counts = take_in(
            source.files(storage),
            source=SourceKind.ballchasing,
            storage=storage,
            max_bytes=params.max_replay_bytes,
            lists_of=with_earlier,
        )
    rejected = dict(counts.rejected)
    by_outcome = {
        "successful": counts.replays_out,
        "duplicates": rejected.pop(Reason.DUPLICATE_BYTES, 0) + rejected.pop(Reason.DUPLICATE_RECORDING, 0),
        "gone": rejected.pop(Reason.GONE, 0),
        "forbidden": rejected.pop(Reason.FORBIDDEN, 0),
        "pending": rejected.pop(Reason.NOT_FETCHED, 0),
        "delisted": rejected.pop(Reason.DELISTED, 0),
        "failed": sum(rejected.values()),
    }
    result = DownloadResult(
        **by_outcome,
        downloaded_now=counts.timing["written_now"],
        files=() if bucket else tuple(folder / name for name in names),
    )
    if counts.failure:
        raise DownloadIncomplete(counts.failure, result)
    return result


def _bucket(config: CollectionConfig) -> S3Url:
    """Return the bucket of the settings and the prefix in it, once both can be what they are called."""
    name, prefix = config.s3_bucket_name, (config.s3_prefix or "").strip("/")
    if not name:
        raise ConfigError("s3_bucket_name", "is not set; name the bucket there or in S3_BUCKET_NAME")
    if "/" in name:
        raise ConfigError("s3_bucket_name", "is the name of a bucket alone; what follows it belongs into s3_prefix")
    check_place("s3_bucket_name", f"s3://{name}")
    check_place("s3_prefix", f"s3://{name}/{prefix}")
    return S3Url(name, prefix)


@contextmanager
def _storage(folder: Path, bucket: S3Url | None, config: CollectionConfig) -> Iterator[RawStorage]:
    """Open the bucket, or without one the folder, for files and lists alike."""
    ledger = Path(config.database_path)
    seen_folder = ledger.with_name(f"{ledger.name}.seen")
    if bucket is None:
        LocalFolder(folder).remove_leftovers(in_subfolders=False)  # which may be the user's own
        with seen_in(seen_folder, str(folder.absolute())) as seen:
            yield RawStorage(KeptReplays(LocalFolder(folder), seen), LocalFolder(folder))
        return
    # Imported here, for the AWS libraries take most of a second that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    with (
        closing(S3Bucket(bucket, settings=S3Settings(region=config.aws_region))) as storage,
        seen_in(seen_folder, str(bucket)) as seen,
    ):
        storage.objects()  # a bucket that cannot be used ends the run before its first call to the server
        yield RawStorage(KeptReplays(storage, seen), storage)
