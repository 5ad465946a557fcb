"""The command ``impulse``: everything that is done with a checkout beside the stages themselves.

Each command imports what it needs when it runs, so that the help answers at once.
"""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

from impulse.errors import ConfigError
from impulse.run.program import one_line_errors
from impulse.sharing.calls import build_again, dvc, environment, run
from impulse.sharing.preparation import finish_pull, look_again, mend, prepare
from impulse.sharing.repository import forget_index

RESULTS = (
    "data/export",
    "data/validated",
    *(f"metrics/{stage}.json" for stage in ("fetch", "parse", "validate", "dedupe", "export")),
)
"""What a build is called for; raw replays and frames between the stages can be many times as large."""

BENCHMARKS = "tests/benchmarks/run.py"

CARD = "The dataset is in data/export (its card: data/export/README.md), the report in data/validated/report.html."


class Command(click.Command):
    """A command whose errors are one line, when a user can mend them."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with one_line_errors((ctx.info_name or "impulse").replace("-", " ")):
            return super().invoke(ctx)


class Commands(click.Group):
    """Commands in the order of their definition, which is that in which they are needed."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands."""
        return list(self.commands)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="impulse")
def main() -> None:
    """Reproducible, versioned datasets from Rocket League replays.

    Run it inside a checkout of impulse. A first build needs no key and no files:

    \b
      impulse repro          build the dataset (synthetic replays, until conf/ names yours)
      impulse status         progress of a download
      impulse remote URL     keep datasets in a bucket of your own

    Settings are in conf/; `python stages/parse.py --help` explains those of a stage.
    """  # noqa: D301 - the backspace character is what click knows a block by


@main.command(short_help="Build the dataset.", context_settings={"ignore_unknown_options": True})
@click.option("--pull", is_flag=True, help="Take from the remote what was built anywhere before.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def repro(arguments: tuple[str, ...], *, pull: bool) -> None:
    """Build the dataset: config, fetch, parse, validate, dedupe, export.

    Stages that have nothing to do are skipped; an interrupted build continues where it stopped. ARGUMENTS and further
    options, such as --force, go to `dvc repro`.
    """
    root = checkout()
    if pull:
        check_remote(root)
    prepare(root)
    if pull:
        forget_index(root)
        finish_pull(root)
    look_again(root, arguments)
    dvc(root, "repro", *(("--pull", "--allow-missing") if pull else ()), *arguments)
    if pull and not arguments:  # what is up to date need not be here, and is what the command is called for
        try:
            dvc(root, "pull", "--quiet", *RESULTS)
        except SystemExit:
            click.echo(
                "repro: error: the remote did not give all that dvc.lock names; `impulse verify --remote` says what is damaged or "
                "missing there, and with --heal mends it where the dataset was built",
                err=True,
            )
            raise
    click.echo(CARD)


@main.command(short_help="Look for new replays, then build what changed.")
def update() -> None:
    """Look for new replays in the source, then build what changed."""
    root = checkout()
    prepare(root)
    build_again(root)
    click.echo(CARD)


@main.command(short_help="Say what a build would download, and what it costs.")
def plan() -> None:
    """Say what fetch would download, with how many calls and in what time, and what parse will cost.

    For each product that the settings ask for: how many replays lack it, CPU time, time with the workers of the settings, and
    disk. These are estimates, by rates of earlier runs of this checkout where there are any. Nothing is downloaded or parsed.
    """
    from impulse.sharing.plan import plan as lines_of

    root = checkout()
    if not prepare(root):
        run(root, sys.executable, "stages/config.py")  # else an edit of conf/ would not count
    for line in lines_of(root):
        click.echo(line)


@main.command(short_help="Show the progress of a download.")
@click.option("--remote", "elsewhere", is_flag=True, help="What a machine elsewhere has pushed (deploy/README.md).")
@click.argument("ledger", required=False, type=click.Path(path_type=Path))
def status(ledger: Path | None, *, elsewhere: bool) -> None:
    """Show a download that is running, or how the last one ended.

    LEDGER is the file of a `download_group` elsewhere; without it, that of this checkout.
    """
    if elsewhere:
        from impulse.sharing.long_run.snapshots import open_snapshots

        with open_snapshots(checkout()) as snapshots:
            lines = snapshots.status(now=time.time())
    else:
        from impulse.collection.status import status_lines
        from impulse.config.source_place import ledger_of

        lines = status_lines(ledger or ledger_of(checkout()), now=time.time())
    click.echo("\n".join(lines))


@main.command(short_help="Keep datasets in a bucket of your own.")
@click.argument("url", required=False)
@click.option("--endpoint", metavar="URL", help="Address of a store other than AWS, such as https://host.")
def remote(url: str | None, endpoint: str | None) -> None:
    """Keep datasets in your own bucket: URL is s3://bucket/prefix. Without it, check the remote that is set.

    The address and its endpoint go into .dvc/config, for everybody who clones; credentials do not.
    """
    root = checkout()
    if endpoint and not url:
        raise click.UsageError("--endpoint goes with the URL of a bucket")
    if url:
        from impulse.sharing.remote import check_url

        check_url(url, endpoint)
        dvc(root, "remote", "add", "--quiet", "--force", "--default", "storage", url)
        dvc(root, "remote", "modify", "storage", "verify", "true")
        if endpoint:
            dvc(root, "remote", "modify", "storage", "endpointurl", endpoint)
    click.echo(f"The remote is {check_remote(root, writing=bool(url))}")


@main.command(short_help="Upload the dataset and everything it is made of.")
def push() -> None:
    """Upload the dataset, everything it is made of, and the results of every stage."""
    from impulse.sharing.verify.check import refuse_damage
    from impulse.sharing.verify.remote import refuse_incomplete

    root = checkout()
    check_remote(root)
    refuse_damage(root)
    forget_index(root)
    dvc(root, "push", "--run-cache")
    refuse_incomplete(root)


@main.command(short_help="Find, and mend, what is damaged or missing.")
@click.option("--heal", is_flag=True, help="Mend it (cache, checkout, remote, source, build); remove what is foreign.")
@click.option("--remote", "elsewhere", is_flag=True, help="Also read what the remote has of this dataset.")
def verify(*, heal: bool, elsewhere: bool) -> None:
    """Read everything that this checkout holds, and compare it with the hashes that were recorded when it was written.

    These are raw replays, the outputs of every stage, DVC's cache and the store of results. Each file that is damaged, missing
    or foreign has a line; the exit code is 0 when there is none.
    """
    from impulse.sharing.verify.command import verify as run_verify

    root = checkout()
    (prepare if heal else mend)(root)
    failure = run_verify(root, heal=heal, remote=elsewhere, say=click.echo)
    if failure:
        sys.exit(f"verify: {failure}")


@main.command(short_help="Say what takes the disk, and what may go.")
def disk() -> None:
    """Say what each place of this checkout holds on the disk, how much of it no other place has, and what may go.

    Files of data/, DVC's cache and the stores in .state are names of the same bytes where the disk has hard links.
    """
    from impulse.sharing.disk import disk as lines_of

    for line in lines_of(checkout()):
        click.echo(line)


@main.command(short_help="Measure this checkout on this machine.", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure builds against the parser, pyarrow and DVC alone, for docs/performance.md, or ARGUMENTS (tests/benchmarks/run.py)."""
    root = checkout()
    if find_spec("distributed") is None or not (root / BENCHMARKS).is_file():
        raise ConfigError(
            "bench", f"needs {BENCHMARKS} and the tools of the tests; run `make install-dev` in a checkout of impulse"
        )
    run(root, sys.executable, BENCHMARKS, *(arguments or ("table", "note=1")))


@main.command(short_help="Check, upload and tag the dataset.")
@click.argument("version")
@click.option("--push", "with_git", is_flag=True, help="Also push the branch and the tag to git's origin.")
def release(version: str, *, with_git: bool) -> None:
    """Check, upload and tag the dataset of this checkout: VERSION is a tag such as v1.0.

    A release that ended half way goes on with the same command.
    """
    from impulse.sharing.release import release as make_release

    for line in make_release(checkout(), version, push=with_git):
        click.echo(f"release: {line}")
    if not with_git:
        click.echo(f"release: now `git push --atomic origin HEAD {version}`")


@main.command(short_help="Try settings side by side.")
@click.option("-j", "--jobs", default=2, show_default=True, type=click.IntRange(1), help="Trials at a time.")
@click.argument("overrides", nargs=-1, required=True, metavar="SETTING=VALUE[,VALUE...] ...")
def trials(overrides: tuple[str, ...], jobs: int) -> None:
    """Try settings side by side, each in a folder of its own: `impulse trials parse.fps=5,10,30`.

    Trials share data/raw, leave data/ as it is, and print what each makes of the dataset.
    """
    from impulse.sharing.trials import run_trials, table

    root = checkout()
    if prepare(root):
        click.echo("trials start from these values of the experiment")
    done = run_trials(overrides, jobs=jobs, root=root)
    click.echo(table(done), nl=False)
    failures = [f"trials: {' '.join(trial.settings)}: {trial.failure}" for trial in done if trial.failure]
    for line in failures:
        click.echo(line, err=True)
    sys.exit(1 if failures else 0)


@main.command(short_help="Get the results of a finished run elsewhere.")
def results() -> None:
    """Get dvc.lock and the metrics of a run on another machine that has finished; then call `dvc pull data/export`."""
    from impulse.sharing.long_run.snapshots import open_snapshots

    with open_snapshots(checkout()) as snapshots:
        click.echo("\n".join(snapshots.take_results()))
    click.echo("now: dvc pull data/export, then commit these files")


@main.command("long-run", short_help="Download for days, then build and push.")
def long_run() -> None:
    """Download for as many days as it takes, then build and push; what a server runs (deploy/README.md).

    It needs `storage: s3` and a remote. A machine that is lost is replaced by another one that calls the same command.
    """
    from impulse.run.program import log_to_stdout
    from impulse.sharing.long_run.run import run as run_long

    log_to_stdout("long run")
    sys.exit(run_long(checkout(), environment()))


def checkout() -> Path:
    """Return the folder of the checkout that the command is called in.

    Raises:
        ConfigError: there is none.
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "stages" / "fetch.py").is_file():
            return folder
    raise ConfigError(str(here), "is not inside a checkout of impulse; clone it and call impulse there")


def check_remote(root: Path, *, writing: bool = False) -> str:
    """Return the address of the remote, once it has answered."""
    from impulse.sharing.remote import check_remote as check

    return check(root, writing=writing)
