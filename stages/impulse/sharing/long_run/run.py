"""The whole of a long run: restore, fetch with checkpoints meanwhile, build, push."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path

from impulse.config.lock_file import mend
from impulse.errors import EXIT_CONFIG, ConfigError, StageError
from impulse.sharing.long_run.children import Children
from impulse.sharing.long_run.key import KEY_VARIABLE, key_variables
from impulse.sharing.long_run.place import Place
from impulse.sharing.long_run.remote import Remote
from impulse.sharing.long_run.restoring import restore
from impulse.sharing.long_run.saving import Saver

log = logging.getLogger(__name__)

MINUTES_VARIABLE = "IMPULSE_PUSH_MINUTES"
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
    seconds = _push_seconds(environ)
    place, remote = Place(root), Remote(root)
    remote.check_access()
    key = {KEY_VARIABLE: environ[KEY_VARIABLE]} if environ.get(KEY_VARIABLE) else key_variables(environ)
    children = Children(root, {name: value for name, value in environ.items() if name != KEY_VARIABLE})
    children.listen()
    restore(place, remote)
    mended = mend(root)
    if mended:
        log.info("%s", mended)

    _check(children, "the settings", children.run(["python", "stages/config.py"]))
    saver = Saver(place, remote)
    code = children.run(
        ["python", "stages/fetch.py"],
        variables=key,
        every_seconds=seconds,
        meanwhile=lambda: _try_to_save(saver),
    )
    if code and not children.is_stopping:
        _try_to_save(saver)
    else:
        saver.save()
    _check(children, "fetch", code)
    _check(children, "the build", children.run_dvc("repro", variables=key))
    _check(children, "dvc push", children.run_dvc("push", "--run-cache"))
    if children.is_stopping:
        log.info("stopped; start the service again to go on")
        return 0
    saver.save(is_complete=True)
    log.info("done: the dataset is in %s; `make results` in a checkout gets its dvc.lock", remote.address)
    return 0


def _check(children: Children, what: str, code: int) -> None:
    if code == 0 or children.is_stopping:
        return
    if code == EXIT_CONFIG:
        raise ConfigError(what, "cannot go on without a change, see the line above; the service is not started again")
    raise StageError(f"{what} ended with exit code {code}, see above; the next start goes on where it stopped")


def _try_to_save(saver: Saver) -> None:
    """Make a checkpoint; a remote that does not work now must not end a download that does."""
    try:
        saver.save()
    except StageError as error:
        log.info("no checkpoint this time: %s", error)


def _push_seconds(environ: Mapping[str, str]) -> float:
    text = environ.get(MINUTES_VARIABLE) or str(DEFAULT_MINUTES)
    try:
        minutes = float(text)
    except ValueError:
        minutes = math.nan
    if not 0 <= minutes <= 24 * 60:
        raise ConfigError(MINUTES_VARIABLE, f"{text!r} is not a number of minutes between 0 and 1440")
    return minutes * 60
