"""``python -m impulse.demo.server``: a synthetic season on a Ballchasing of your own, to rehearse downloads with."""

from __future__ import annotations

import threading

import click

from impulse.demo.server.faults import FAULTS, is_fault
from impulse.demo.server.limits import TIERS
from impulse.demo.server.running import DemoServer
from impulse.demo.server.season import Season, add_season
from impulse.demo.server.state import KEY

ABOUT_FAULTS = "\n".join(f"  {name:10}  {about}" for name, (_, about) in FAULTS.items())


def _parsed(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return path and fault of each value."""
    found = []
    for value in values:
        # Paths and faults may have a = of their own: /replays?group=x=503, /=foreign:https://host?a=b
        pairs = [(value[:at], value[at + 1 :]) for at, letter in enumerate(value) if letter == "="]
        if not pairs or not value.startswith("/"):
            raise click.BadParameter(f"{value!r} must look like /replays=503 or '/replays/*/file=html'")
        pair = next((pair for pair in pairs if is_fault(pair[1])), None)
        if pair is None:
            raise click.BadParameter(
                f"{pairs[-1][1]!r} is no fault; faults are statuses such as 503, and {', '.join(FAULTS)}"
            )
        found.append(pair)
    return found


@click.command(epilog=f"\b\nFaults:\n{ABOUT_FAULTS}")
@click.option("--port", default=0, type=click.IntRange(0, 65_535), help="Port on loopback; 0 takes a free one.")
@click.option("--tier", default="gc", show_default=True, type=click.Choice(list(TIERS)), help="Tier of the key.")
@click.option("--matches", default=8, show_default=True, type=click.IntRange(1), help="Matches of the season.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives another season.")
@click.option("--fault", "always", multiple=True, callback=_parsed, help="PATH=FAULT for every call of a path.")
@click.option("--once", multiple=True, callback=_parsed, help="PATH=FAULT for the next call of a path alone.")
def main(
    *, port: int, tier: str, matches: int, seed: int, always: list[tuple[str, str]], once: list[tuple[str, str]]
) -> None:
    """Run a Ballchasing on loopback, with a synthetic season, until Ctrl-C.

    PATH is a path below the base URL, such as /, /groups, /replays, /replays/ID/file, or /replays?group=ID for the list of
    one group. In a path of --fault * stands for anything.
    """
    try:
        _run(port=port, tier=tier, matches=matches, seed=seed, always=always, once=once)
    except KeyboardInterrupt:
        click.echo("ended")


def _run(
    *, port: int, tier: str, matches: int, seed: int, always: list[tuple[str, str]], once: list[tuple[str, str]]
) -> None:
    try:
        server = DemoServer(tier=tier, port=port, record=False)
    except OSError as error:
        raise click.ClickException(f"port {port} cannot be had ({error.strerror}); name another one") from error
    season = add_season(server, matches=matches, seed=seed)
    server.always.update(always)
    for path, fault in once:
        server.faults[path].append(fault)
    with server:
        click.echo(_about(server, season))
        threading.Event().wait()


def _about(server: DemoServer, season: Season) -> str:
    variables = f"BALLCHASING_BASE_URL={server.url} BALLCHASING_API_KEY={KEY}"
    download = f"from impulse.collection import download_group; print(download_group('{season.group}'))"
    return f"""A Ballchasing with a synthetic season: {len(server.entries)} replays, tier {server.tier}. Ctrl-C ends it.
  url    {server.url}
  key    {KEY}
  group  {season.group}
  gone   {", ".join(season.deleted) or "none"}
  broken {", ".join(season.damaged) or "none"}
Download it:
  {variables} python -c "{download}"
Build a dataset, with `source: ballchasing` in conf/config.yaml and `groups: [{season.group}]` in conf/source/ballchasing.yaml:
  {variables} make repro"""


if __name__ == "__main__":
    main()
