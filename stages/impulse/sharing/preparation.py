"""What comes before DVC is called: whatever crashes and experiments left is put right, so that what is built is conf/."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click

from impulse.errors import ConfigError
from impulse.files.disk import REMOVES_READ_ONLY
from impulse.files.output import only_writer
from impulse.run.groups import OWN_GROUPS
from impulse.run.program import DATA_VARIABLE, is_composed
from impulse.sharing.calls import dvc

_HALF_WRITTEN = re.compile(r"\.[A-Za-z0-9_-]{22}\.tmp")
"""Name of a file that DVC is about to put into a folder."""


def prepare(root: Path) -> bool:
    """Put right what a crash left of DVC's lock files, and what an experiment that did not end left in params.yaml.

    Stages of another build that are still at work are waited for.

    Returns:
        Whether params.yaml keeps the values of an experiment that ended.

    Raises:
        ConfigError: the checkout cannot be written, a folder of data is a link to elsewhere, or conf/ has a slip.
    """
    if os.environ.get(DATA_VARIABLE):
        click.echo(
            f"{DATA_VARIABLE} is set and ignored: it is for stages that are called by themselves; data/ is the folder"
        )
    if not os.access(root, os.W_OK):
        raise ConfigError(str(root), "cannot be written by you; build in a copy of the checkout, or have it made yours")
    refuse_links(root)
    choose_git(root)
    choose_links(root)
    wait_for_stages(root)
    mend(root)
    keep_downloads(root)
    if is_composed(root):
        return False
    from impulse.config.params_file import settle

    lines = settle(root)
    for line in lines:
        click.echo(line)
    return bool(lines) and not is_composed(root)


def wait_for_stages(root: Path) -> None:
    """Wait until no stage of another build is at work, and say so.

    One whose DVC was killed goes on, and would put its output in the place of what DVC takes from its cache meanwhile.
    """
    for stage in OWN_GROUPS:
        with only_writer(root / "data" / stage, say=click.echo):
            pass


def mend(root: Path) -> None:
    """Put right what a crash left of DVC's lock files."""
    from impulse.config.lock_file import mend as mend_lock_files

    for line in mend_lock_files(root):
        click.echo(line)


def finish_pull(root: Path) -> None:
    """Bring the rest of folders that a pull which was killed left with a part of their files.

    DVC takes them for edited: it would run their stages, whose inputs need not be here, and refuses to remove the file that
    it was writing. A folder with anything of its own is left alone.
    """
    from impulse.sharing.verify.check import Hashes
    from impulse.sharing.verify.outputs import Pinned

    pinned, hashes = Pinned.of(root), Hashes()
    cut = []
    for output in pinned.outputs:
        if not output.path.is_dir():
            continue
        files = pinned.files_of(output) or {}
        half = {path for path in pinned.here[output.path] if _HALF_WRITTEN.fullmatch(path.name)}
        here = set(pinned.here[output.path]) - half
        is_part = here < files.keys() and all((hashes.of(path) or ("",))[0] == files[path] for path in here)
        if here and not is_part:
            continue
        for path in half:
            path.unlink()
        if here:
            cut.append(output.path.relative_to(root).as_posix())
        else:
            _remove_empty(output.path)  # as if it had never been begun
    if cut:
        click.echo(f"the rest of {', '.join(cut)}, which a pull began")
        dvc(root, "pull", "--quiet", *cut)


def _remove_empty(folder: Path) -> None:
    """Remove a folder and those below it, as far as nothing is in them."""
    for path in sorted((folder, *folder.rglob("*")), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def refuse_links(root: Path) -> None:
    """Refuse a data folder that is a link to elsewhere: DVC builds into it, and then refuses the result."""
    for folder in (root / "data", *sorted((root / "data").glob("*"))):
        if folder.is_symlink() and root.resolve() not in folder.resolve().parents:
            raise ConfigError(
                folder.relative_to(root).as_posix(),
                "is a link out of the checkout, which DVC does not take for a result; make it a folder. Large data may be on "
                "another disk all the same: `dvc cache dir --local PATH`, then `dvc config --local cache.type symlink`",
            )


def choose_git(root: Path) -> None:
    """Let DVC do without git where there is no repository, as in an unpacked archive; it refuses to work there otherwise."""
    config = root / ".dvc" / "config.local"
    is_without = config.is_file() and "no_scm" in config.read_text(encoding="utf-8")
    has_git = any((folder / ".git").exists() for folder in (root, *root.parents))
    if has_git == is_without:
        dvc(root, "config", "--local", *(("--unset", "core.no_scm") if has_git else ("core.no_scm", "true")))
        if not has_git:
            click.echo(
                "this folder is no git repository, so DVC does without; experiments and releases need `git init` and a commit"
            )


def choose_links(root: Path) -> None:
    """Let DVC copy where a read-only file cannot be replaced or removed, for it makes what it links read-only."""
    config = root / ".dvc" / "config.local"
    if not REMOVES_READ_ONLY and not (config.is_file() and "type =" in config.read_text(encoding="utf-8")):
        dvc(root, "config", "--local", "cache.type", "copy")


def keep_downloads(root: Path) -> None:
    """Give replays of data/raw that the store lacks a name there, for DVC removes data/raw before fetch runs.

    Fetch kept them in data/raw alone before there was a store, also those of a run that was killed, which DVC's cache lacks.
    """
    from impulse.collection.adoption import take_standing
    from impulse.collection.raw_storage import STORE
    from impulse.tables.paths import REPLAYS

    if (root / "data" / "raw" / REPLAYS).is_dir():
        with only_writer(root / ".state" / STORE, say=click.echo):
            take_standing(root / ".state" / STORE, root / "data" / "raw")


def look_again(root: Path, arguments: tuple[str, ...]) -> None:
    """Fetch where a variable of the environment names another place than the one that was read last: DVC cannot see it."""
    from impulse.config.source_place import moved_place

    if not {"--dry", "-n"} & set(arguments) and (place := moved_place(root, os.environ)):
        click.echo(f"the source is another one now ({place}); fetch looks at it")
        dvc(root, "repro", "config")
        dvc(root, "repro", "--force", "--single-item", "fetch")
