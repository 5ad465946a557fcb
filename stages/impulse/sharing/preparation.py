"""What comes before DVC is called: whatever crashes and experiments left is put right, so that what is built is conf/."""

from __future__ import annotations

from pathlib import Path

import click

from impulse.tables.paths import COMPOSED, PARAMS_FILE


def prepare(root: Path) -> None:
    """Put right what a crash left of DVC's lock files, and what an experiment that did not end left in params.yaml."""
    mend(root)
    copy, params = root / COMPOSED, root / PARAMS_FILE
    if not (copy.is_file() and params.is_file() and copy.read_bytes() == params.read_bytes()):
        from impulse.config.params_file import settle

        for line in settle(root):
            click.echo(line)


def mend(root: Path) -> None:
    """Put right what a crash left of DVC's lock files."""
    from impulse.config.lock_file import mend as mend_lock_files

    for line in mend_lock_files(root):
        click.echo(line)
