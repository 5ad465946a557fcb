"""The whole of a long run: go on from the last snapshot, fetch with snapshots meanwhile, build, push; and word of how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from impulse.collection.config import KEY_VARIABLE
from impulse.config.fetch import StorageKind
from impulse.config.lock_file import mend
from impulse.errors import EXIT_CONFIG, ConfigError, StageError, one_line
from impulse.files.yaml_text import load_yaml
from impulse.run.program import line_and_code
from impulse.s3.credentials import checksum_variables
from impulse.sharing.long_run.heartbeat import span
from impulse.sharing.long_run.key import key_variables
from impulse.sharing.long_run.notify import VARIABLE as NOTIFY_VARIABLE
from impulse.sharing.long_run.notify import Notifier, State
from impulse.sharing.long_run.programs import Programs
from impulse.sharing.long_run.progress import progress_of
from impulse.sharing.long_run.restarts import Restarts
from impulse.sharing.long_run.settings import Settings
from impulse.sharing.long_run.snapshots import Snapshots, open_snapshots
from impulse.sharing.long_run.spot import SpotNotice
from impulse.sharing.long_run.watch import FETCH, SpotInterruption, Watch
from impulse.sharing.repository import forget_index
from impulse.sharing.verify.check import refuse_damage
from impulse.sharing.verify.remote import refuse_incomplete

log = logging.getLogger(__name__)

EXIT_STOPPED = 75
"""Exit code of a run that was asked to stop, or whose machine is taken: all is saved, another start goes on (sysexits.h)."""


def run(root: Path, environ: Mapping[str, str], *, sleep: Callable[[float], object] = time.sleep) -> int:
    """Collect and build in a checkout until the dataset is pushed; called again after any end, it goes on.

    Args:
        root: folder of the checkout.
        environ: the environment, with the key or the name of its parameter.
        sleep: waits where starts failed before, and before somebody is told again.

    Returns:
        0 when all is done, EXIT_STOPPED when somebody asked to stop, or the machine is taken, and the progress is saved.

    Raises:
        ConfigError: somebody has to change a setting; starting again would not help.
        StageError: something failed that may work later.
    """
    without_key = {name: value for name, value in environ.items() if name != KEY_VARIABLE}
    notifier, restarts = Notifier(root, without_key, sleep=sleep), Restarts(root)
    notifier.hide([environ[KEY_VARIABLE]] if KEY_VARIABLE in environ else [])
    programs = Programs(root, {name: value for name, value in without_key.items() if name != NOTIFY_VARIABLE})
    programs.listen()
    if seconds := restarts.wait_seconds:
        log.info("waiting for %s, because one start after another failed; restart it to begin at once", span(seconds))
        programs.wait(seconds, sleep=sleep)
        if programs.is_stopping:
            restarts.forget()
            return EXIT_STOPPED
    began = time.monotonic()
    try:
        with open_snapshots(root) as snapshots, closing(SpotNotice(environ)) as spot:
            watch = Watch(root, Settings.or_default(environ), snapshots, notifier, spot)
            code = _last_words(watch, programs, partial(_collect, root, environ, programs, watch, snapshots, notifier))
    except Exception as error:
        reason, code = _why(error)
        if code != EXIT_CONFIG:
            with suppress(OSError):
                restarts.failed(after_seconds=time.monotonic() - began)
        notifier.tell(State.BLOCKED if code == EXIT_CONFIG else State.FAILED, reason, progress_of(root).counts)
        raise
    restarts.forget()
    if code == 0:
        notifier.tell(State.FINISHED, f"the dataset is in {snapshots.address}", progress_of(root).counts)
        log.info("done: the dataset is in %s; `make results` in a checkout gets its dvc.lock", snapshots.address)
    return code


def _last_words(watch: Watch, programs: Programs, work: Callable[[], None]) -> int:
    """Do the work, and leave word in the remote of how it ended; return the exit code of an end without an error."""
    try:
        work()
    except SpotInterruption:
        watch.save()
        log.info("the spot market takes the machine; all is saved, another one goes on")
        return EXIT_STOPPED
    except Exception as error:
        reason, code = _why(error)
        with suppress(ConfigError, OSError):  # another checkout, or a full disk: the error says it already
            watch.save()
        watch.beat(State.BLOCKED if code == EXIT_CONFIG else State.FAILED, reason)
        raise
    if programs.is_stopping:
        watch.beat(State.STOPPED)
        log.info("stopped; start the service again to go on")
        return EXIT_STOPPED
    watch.beat(State.FINISHED)
    return 0


def _collect(
    root: Path,
    environ: Mapping[str, str],
    programs: Programs,
    watch: Watch,
    snapshots: Snapshots,
    notifier: Notifier,
) -> None:
    """Fetch, build and push; return early when somebody asked to stop."""
    Settings.of(environ)  # here, so that the remote tells of a slip
    notifier.check()
    snapshots.check_access()
    key = key_variables(environ)
    notifier.hide(key.values())
    for line in mend(root):  # before anything reads them
        log.info("%s", line)
    _check(programs, "the settings", programs.run("python", "stages/config.py"))
    _require_bucket(root)
    snapshots.restore()
    watch.say_disk()
    watch.begin(FETCH)
    if notifier.has_said_nothing:
        notifier.tell(State.RUNNING, f"collects into {snapshots.address}", {})
    work = partial(programs.run, every_seconds=watch.look_seconds, meanwhile=watch.look)
    code = work("python", "stages/fetch.py", variables=key)
    if code and not programs.is_stopping:
        watch.save()
    else:
        snapshots.save()
    _check(programs, "fetch", code)
    if programs.is_stopping:
        return
    watch.begin("build")
    watch.say_disk()
    # Else DVC would look into the source a second time.
    _check(programs, "dvc commit", work("dvc", "commit", "--force", "--quiet", "fetch"))
    if programs.is_stopping:
        return
    _check(programs, "the build", work("dvc", "repro", variables=key))
    if programs.is_stopping:
        return
    watch.begin("push")
    _refuse_damage(root)
    forget_index(root)
    plain = checksum_variables(snapshots.endpoint, environ)
    _check(programs, "dvc push", work("dvc", "push", "--run-cache", variables=plain))
    if programs.is_stopping:
        return
    refuse_incomplete(root)
    snapshots.finish()


def _why(error: Exception) -> tuple[str, int]:
    """Return an error as one line, and the exit code that it ends the program with."""
    line, code = line_and_code(error)
    return line or f"{type(error).__name__}: {one_line(error)}", code


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
        why = programs.reason or "see the line above"
        raise ConfigError(what, f"cannot go on without a change: {why}; the service is not started again")
    why = f" ({programs.reason})" if programs.reason else ", see above"
    raise StageError(f"{what} ended with exit code {code}{why}; the next start goes on where it stopped")


def _require_bucket(root: Path) -> None:
    """Refuse to keep days of downloads on a machine that may vanish."""
    settings = load_yaml((root / "params.yaml").read_text(encoding="utf-8"))
    if settings["fetch"]["storage"] != StorageKind.s3.value:
        raise ConfigError(
            "fetch.storage",
            "a long run keeps raw replays in a bucket; set `storage: s3` in conf/config.yaml and its storage_url in "
            "conf/storage/s3.yaml",
        )
