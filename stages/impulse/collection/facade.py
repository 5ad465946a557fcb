"""The short way to a folder of replays: one call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from impulse.collection.client import Patience
from impulse.collection.config import CollectionConfig
from impulse.collection.folder import ReplayFolder
from impulse.collection.job import Collected, collect
from impulse.collection.ledger import Outcome
from impulse.collection.pacing import Clock
from impulse.config.params import FetchParams, SourceKind
from impulse.errors import ConfigError


@dataclass(frozen=True, slots=True)
class DownloadResult:
    """What a download brought."""

    successful: int
    """Replays of the group that are in the folder, downloaded now or earlier; each recording once."""
    downloaded_now: int
    duplicates: int
    """Further uploads of recordings that are taken already."""
    failed: int
    gone: int
    forbidden: int
    pending: int
    """Replays that the run did not get to before its own limit."""
    files: tuple[Path, ...]
    """Files of the successful replays, by replay id."""
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

    Files are named by replay id and stand in ``output_dir`` beside ``manifest.parquet`` and ``rejects.parquet``.

    Args:
        group_id: id of the group, the last part of its address.
        storage_type: where files go; ``local`` is a folder.
        output_dir: the folder.
        config: key, server, ledger and pace; None takes them from the environment and from ``.env``.
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
    """
    if storage_type == "s3":
        raise ConfigError("storage_type", "'s3' is not there yet; download with 'local' and copy the folder")
    if storage_type != "local":
        raise ConfigError("storage_type", f"{storage_type!r} is unknown; known is local")
    params = FetchParams(
        source=SourceKind.ballchasing,
        groups=[group_id],
        refresh=refresh,
        retry_failed=retry_failed,
        max_replays=max_replays,
        max_hours=max_hours,
    )
    folder = ReplayFolder(Path(output_dir), lambda replay_id: f"{replay_id}.replay")
    collected = collect(params, config or CollectionConfig.from_env(), folder, clock=clock, patience=patience)
    return _result(collected, folder)


def _result(collected: Collected, folder: ReplayFolder) -> DownloadResult:
    counts = collected.counts
    listed = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return DownloadResult(
        successful=counts[Outcome.DOWNLOADED],
        downloaded_now=collected.downloaded_now,
        duplicates=counts[Outcome.DUPLICATE],
        failed=counts[Outcome.FAILED],
        gone=counts[Outcome.GONE],
        forbidden=counts[Outcome.FORBIDDEN],
        pending=counts[Outcome.PENDING],
        files=tuple(folder.path / row["path"] for row in sorted(collected.settled.rows, key=lambda row: row["path"])),
        report=f"{listed or 'no replays'}; {collected.downloaded_now} downloaded now",
    )
