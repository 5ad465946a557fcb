"""The short way to a folder or bucket of replays: one call."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from impulse.collection.client import Patience
from impulse.collection.config import CollectionConfig
from impulse.collection.folder import ReplayFolder
from impulse.collection.job import collect
from impulse.collection.ledger import Outcome
from impulse.collection.pacing import Clock
from impulse.collection.storage import LocalFolder, ReplayStorage
from impulse.config.fetch import FetchParams, SourceKind
from impulse.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """What a download brought."""

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
    files: tuple[Path, ...]
    """Files of the successful replays, by replay id; none when they are in a bucket."""
    addresses: tuple[str, ...]
    """The same as text: paths, or ``s3://`` addresses."""
    report: str
    """The same for people."""

    @property
    def total(self) -> int:
        """Replays that the group lists."""
        return self.successful + self.duplicates + self.failed + self.gone + self.forbidden + self.pending


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
    clock: Clock | None = None,
    patience: Patience | None = None,
) -> DownloadResult:
    """Download all replays of a group and of the groups below it, and go on where an earlier call stopped.

    Files are named by replay id and stand in ``output_dir`` beside ``manifest.parquet`` and ``rejects.parquet``; with
    ``s3`` all of them are objects of ``config.s3_bucket_name`` below ``config.s3_prefix``, and this machine keeps none.
    AWS credentials come from the usual AWS chain, another store's address from ``AWS_ENDPOINT_URL``.

    Args:
        group_id: id of the group, the last part of its address.
        storage_type: where files go: ``local`` is a folder, ``s3`` a bucket.
        output_dir: the folder; not used with ``s3``.
        config: key, server, ledger, pace and bucket; None takes them from the environment and from ``.env``.
        refresh: list the group anew instead of using what was listed before.
        retry_failed: try again what failed, was gone or was forbidden.
        max_replays: end after so many downloads.
        max_hours: end after so many hours.
        clock: time and waiting.
        patience: timeouts and retries.

    Raises:
        AuthError: there is no key, or the server refuses it.
        ConfigError: an argument cannot be used.
        SourceError: the group does not exist, or the server cannot be read.
        StageError: the bucket does not exist, cannot be reached, or refuses the credentials.
    """
    if storage_type not in ("local", "s3"):
        raise ConfigError("storage_type", f"{storage_type!r} is unknown; known are local, s3")
    params = FetchParams(
        source=SourceKind.ballchasing,
        groups=[group_id],
        refresh=refresh,
        retry_failed=retry_failed,
        max_replays=max_replays,
        max_hours=max_hours,
    )
    config = config or CollectionConfig.from_env()
    if storage_type == "local":
        return _into(LocalFolder(Path(output_dir)), params, config, clock, patience)
    if not config.s3_bucket_name:
        raise ConfigError("s3_bucket_name", "is not set; name the bucket there or in S3_BUCKET_NAME")
    # Imported here, for the AWS libraries take most of a second that nobody else should wait.
    from impulse.s3.bucket import S3Bucket

    with closing(S3Bucket(config.s3_bucket_name, prefix=config.s3_prefix or "", region=config.aws_region)) as bucket:
        bucket.prepare()  # a bucket that cannot be used ends the run before its first call to the server
        return _into(bucket, params, config, clock, patience)


def _into(
    storage: ReplayStorage,
    params: FetchParams,
    config: CollectionConfig,
    clock: Clock | None,
    patience: Patience | None,
) -> DownloadResult:
    folder = ReplayFolder(storage, lambda replay_id: f"{replay_id}.replay")
    collected = collect(params, config, folder, clock=clock, patience=patience)
    counts = collected.counts
    names = sorted(row["path"] for row in collected.settled.rows)
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return DownloadResult(
        successful=counts[Outcome.DOWNLOADED],
        downloaded_now=collected.downloaded_now,
        duplicates=counts[Outcome.DUPLICATE],
        failed=counts[Outcome.FAILED],
        gone=counts[Outcome.GONE],
        forbidden=counts[Outcome.FORBIDDEN],
        pending=counts[Outcome.PENDING],
        files=tuple(storage.path / name for name in names) if isinstance(storage, LocalFolder) else (),
        addresses=tuple(storage.address(name) for name in names),
        report=f"{listed or 'no replays'}; {collected.downloaded_now} downloaded now",
    )
