"""A user's repository whose dataset comes from a Ballchasing of our own, with its remote in a real S3 server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.deploy.machine import KEY, Machine
from tests.s3.fixtures import Bucket

from impulse.demo.server import DemoServer
from impulse.sharing.long_run.snapshots import Snapshots, open_snapshots

REPLAYS = 24
New = Callable[[str], tuple[Path, Snapshots]]


@pytest.fixture
def server(replays: list[bytes]) -> Iterator[DemoServer]:
    """Twenty-four replays in a tree of groups, for a key of the highest tier (two files a second)."""
    with DemoServer() as fake:
        fake.page_size = 5
        fake.keys = {KEY}
        fake.add_group("top")
        for number in range(3):
            fake.add_group(f"child-{number}", "top")
        for number in range(REPLAYS):
            fake.add_replay(f"replay-{number:02d}", replays[number], f"child-{number % 3}")
        yield fake


@pytest.fixture
def origin(clone: Callable[[str, Path], Checkout], tmp_path: Path) -> Callable[[str], Checkout]:
    """Makes the user's repository: source, storage and remote are set and committed."""

    def make(remote: str) -> Checkout:
        checkout = clone("origin", tmp_path)
        checkout.replace("conf/config.yaml", "source: local", "source: ballchasing")
        checkout.replace("conf/source/ballchasing.yaml", "groups: []", "groups: [top]")
        checkout.replace("conf/config.yaml", "storage: local", "storage: s3")
        checkout.replace("conf/storage/s3.yaml", "storage_url: null", f"storage_url: {remote}/raw")
        checkout.run("python", "stages/config.py")
        checkout.run("dvc", "remote", "add", "-f", "-d", "storage", remote)
        checkout.run("git", "add", "-A")
        checkout.run("git", "commit", "-qm", "source and remote")
        return checkout

    return make


@pytest.fixture
def new_machine(tmp_path: Path, server: DemoServer, bucket: Bucket) -> Iterator[Callable[..., Machine]]:
    """Makes machines with the key and the server's address in the environment file; ends them in the end."""
    made: list[Machine] = []

    def make(name: str, origin: Path, **more: str) -> Machine:
        variables = {
            "BALLCHASING_API_KEY": KEY,
            "BALLCHASING_BASE_URL": server.url,
            "AWS_ACCESS_KEY_ID": bucket.server.access_key,
            "AWS_SECRET_ACCESS_KEY": bucket.server.secret_key,
            "AWS_ENDPOINT_URL": bucket.server.url,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "1",
            "IMPULSE_SNAPSHOT_MINUTES": "0.01",
            **more,
        }
        made.append(Machine(tmp_path / name, origin, variables))
        return made[-1]

    yield make
    for machine in made:
        machine.kill()


@pytest.fixture
def new(bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[New]:
    """Makes checkouts with one remote; each is a folder that DVC takes for one."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    with ExitStack() as stack:

        def make(name: str) -> tuple[Path, Snapshots]:
            root = tmp_path / name
            (root / ".dvc").mkdir(parents=True)
            (root / ".state").mkdir()
            (root / ".dvc" / "config").write_text(
                f"[core]\n  no_scm = true\n  remote = r\n['remote \"r\"']\n  url = s3://{bucket.name}/data\n"
            )
            return root, stack.enter_context(open_snapshots(root))

        yield make
