"""The whole of a long run: go on from the last snapshot, fetch with snapshots meanwhile, build, push."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path

import yaml

from impulse.collection.config import KEY_VARIABLE
from impulse.config.fetch import StorageKind
from impulse.config.lock_file import mend
from impulse.errors import EXIT_CONFIG, ConfigError, StageError
from impulse.s3.credentials import checksum_variables
from impulse.sharing.long_run.key import key_variables
from impulse.sharing.long_run.programs import Programs
from impulse.sharing.long_run.snapshots import Snapshots, open_snapshots
from impulse.sharing.repository import forget_index
from impulse.sharing.verify.check import refuse_damage
from impulse.sharing.verify.remote import refuse_incomplete

log = logging.getLogger(__name__)

MINUTES_VARIABLE = "IMPULSE_SNAPSHOT_MINUTES"
DEFAULT_MINUTES = 20.0


def run(root: Path, environ: Mapping[str, str]) -> int:
    """Collect and build in a checkout until the dataset is pushed; called again after any end, it goes on.

    Args:
        root: folder of the checkout.
        environ: the environment, with the key or the name of its parameter.

    Returns:
        0 when all is done, or when somebody asked to stop and the progress is saved.

    Raises:
        ConfigError: somebody has to change a setting; starting again would not help.
        StageError: something failed that may work later.
    """
    seconds = _seconds_between_snapshots(environ)
    with open_snapshots(root) as snapshots:
        snapshots.check_access()
        key = key_variables(environ)
        programs = Programs(root, {name: value for name, value in environ.items() if name != KEY_VARIABLE})
        programs.listen()
        for line in mend(root):  # before anything reads them
            log.info("%s", line)
        _check(programs, "the settings", programs.run("python", "stages/config.py"))
        _require_bucket(root)
        snapshots.restore()
        code = programs.run(
            *("python", "stages/fetch.py"),
            variables=key,
            every_seconds=seconds,
            meanwhile=lambda: _try_to_save(snapshots),
        )
        if code and not programs.is_stopping:
            _try_to_save(snapshots)
        else:
            snapshots.save()
        _check(programs, "fetch", code)
        _check(programs, "the build", programs.run("dvc", "repro", variables=key))
        if not programs.is_stopping:
            _refuse_damage(root)
            forget_index(root)
        plain = checksum_variables(snapshots.endpoint, environ)
        _check(programs, "dvc push", programs.run("dvc", "push", "--run-cache", variables=plain))
        if not programs.is_stopping:
            refuse_incomplete(root)
        if programs.is_stopping:
            log.info("stopped; start the service again to go on")
            return 0
        snapshots.finish()
    log.info("done: the dataset is in %s; `make results` in a checkout gets its dvc.lock", snapshots.address)
    return 0


def _refuse_damage(root: Path) -> None:
    """Do not start again and again over damage that a person has to look at."""
    try:
        refuse_damage(root)
    except StageError as error:
        raise ConfigError("the build", str(error)) from error


def _check(programs: Programs, what: str, code: int) -> None:
    if code == 0 or programs.is_stopping:
        return
    if code == EXIT_CONFIG:
        raise ConfigError(what, "cannot go on without a change, see the line above; the service is not started again")
    raise StageError(f"{what} ended with exit code {code}, see above; the next start goes on where it stopped")


def _require_bucket(root: Path) -> None:
    """Refuse to keep days of downloads on a machine that may vanish."""
    settings = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    if settings["fetch"]["storage"] != StorageKind.s3.value:
        raise ConfigError(
            "fetch.storage",
            "a long run keeps raw replays in a bucket; set `storage: s3` in conf/config.yaml and its storage_url in "
            "conf/storage/s3.yaml",
        )


def _try_to_save(snapshots: Snapshots) -> None:
    """Make a snapshot; a remote that does not work now must not end a download that does."""
    try:
        snapshots.save()
    except StageError as error:
        log.info("no snapshot this time: %s", error)


def _seconds_between_snapshots(environ: Mapping[str, str]) -> float:
    text = environ.get(MINUTES_VARIABLE) or str(DEFAULT_MINUTES)
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes <= 24 * 60:
        raise ConfigError(MINUTES_VARIABLE, f"{text!r} is not a number of minutes between 0 and 1440")
    return minutes * 60
