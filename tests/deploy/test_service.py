"""The service and what it meets: a request to stop, a store that goes away, wrong settings; and where the key may be."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.deploy.conftest import REPLAYS
from tests.deploy.fake_metadata import FakeMetadata
from tests.deploy.machine import KEY, Machine, processes_below, wait_until
from tests.deploy.receiver import Receiver
from tests.deploy.test_long_run import downloaded
from tests.s3.fixtures import Bucket
from tests.s3.server import S3Server

from impulse.demo.server import DemoServer
from impulse.errors import EXIT_CONFIG
from impulse.sharing.long_run.run import EXIT_STOPPED

pytestmark = [pytest.mark.pipeline, pytest.mark.heavy]

Origin = Callable[[str], Checkout]
NewMachine = Callable[..., Machine]


def last_line(machine: Machine) -> str:
    """What ``systemctl status`` shows last."""
    return machine.output().splitlines()[-1]


def test_stop_saves_and_a_user_gets_the_dataset(
    origin: Origin, new_machine: NewMachine, server: DemoServer, bucket: Bucket, tmp_path: Path
) -> None:
    """SIGTERM ends the run with a snapshot; the next start ends it; a user's checkout gets the dataset.

    The key is in no file of checkout, cache, store and journal, and in no command line.
    """
    repository = origin(f"s3://{bucket.name}/data")
    machine = new_machine("machine", repository.path)
    machine.start()
    seen: set[str] = set()

    def has_some() -> bool:
        seen.update(processes_below(machine.path).values())
        return len(server.files_sent) >= 8

    wait_until(has_some, machine)
    assert machine.process is not None
    machine.process.send_signal(signal.SIGTERM)
    assert machine.wait() == EXIT_STOPPED
    assert processes_below(machine.path) == {}
    assert last_line(machine) == "long run: stopped; start the service again to go on"
    name = re.findall(r"snapshot (\S+)", machine.output())[-1]
    assert len(downloaded(bucket, "data", tmp_path)) >= len(server.files_sent) - 4

    user = Checkout(tmp_path / "user", {**repository.env, "PYTHONPATH": "stages"})
    subprocess.run(["git", "clone", "-q", str(repository.path), str(user.path)], check=True)
    early = user.run("python", "-m", "impulse", "results", check=False)
    assert early.returncode != 0
    assert "the run is not finished" in early.stderr
    status = user.run("python", "-m", "impulse", "status", "--remote").stdout
    assert f"snapshot {name}" in status
    assert re.search(r"^stopped on request \d+ s ago, in step fetch", status)
    assert " to go" in status

    machine.start()

    pushes: set[bytes] = set()

    def is_done() -> bool:
        for pid, line in processes_below(machine.path).items():
            seen.add(line)
            if "\0push\0" in line:
                with suppress(OSError):
                    pushes.add(Path(f"/proc/{pid}/environ").read_bytes())
        return "done: " in machine.output()

    wait_until(is_done, machine)
    assert machine.wait() == 0
    assert sum(server.files_sent.values()) <= REPLAYS + 4
    assert machine.run() == 0, "one more start finds nothing to do"
    assert sum(server.files_sent.values()) <= REPLAYS + 4

    user.run("python", "-m", "impulse", "results")
    user.run("dvc", "pull", "data/export")
    assert user.content("data/export") == machine.content("data/export")
    assert user.run("git", "diff", "--stat").stdout == ""
    assert user.run("dvc", "status", "export").returncode == 0
    assert "finished" in user.run("python", "-m", "impulse", "status", "--remote").stdout

    assert any("stages/fetch.py" in line for line in seen)
    assert any("repro" in line for line in seen)
    assert not any(KEY in line for line in seen)
    assert any(b"AWS_ENDPOINT_URL" in environment for environment in pushes)
    assert not any(KEY.encode() in environment for environment in pushes)
    places = [machine.path, machine.path.with_suffix(".cache"), machine.log, user.path, repository.path]
    files_with_key = [
        path
        for place in places
        for path in ([place] if place.is_file() else place.rglob("*"))
        if path.is_file() and not path.is_relative_to(machine.path / ".venv") and KEY.encode() in path.read_bytes()
    ]
    assert files_with_key == []
    listed = bucket.client.list_objects_v2(Bucket=bucket.name)["Contents"]
    assert len(listed) > REPLAYS
    assert not any(KEY.encode() in bucket.get(entry["Key"]) for entry in listed)
    objects = machine.path / ".git"
    blobs = subprocess.run(
        ["git", "--git-dir", str(objects), "cat-file", "--batch-all-objects", "--batch"],
        capture_output=True,
        check=True,
    ).stdout
    assert KEY.encode() not in blobs


def test_store_that_goes_away_costs_a_start_and_no_download(
    origin: Origin, new_machine: NewMachine, server: DemoServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without the store the run ends soon, with the code that the unit starts again, and goes on when the store is back."""
    folder = tmp_path_factory.mktemp("store")
    with S3Server(folder) as store:
        client = store.client()
        client.create_bucket(Bucket="data")
        access = {
            "AWS_ENDPOINT_URL": store.url,
            "AWS_ACCESS_KEY_ID": store.access_key,
            "AWS_SECRET_ACCESS_KEY": store.secret_key,
        }
        machine = new_machine("machine", origin("s3://data/data").path, **access)
        machine.start()
        wait_until(lambda: len(server.files_sent) >= 4, machine)
        store.stop()
        assert machine.wait() == 1
        assert "no snapshot this time" in machine.output()
        assert "the store cannot be used now" in machine.output()
        assert "Traceback" not in machine.output()
        sent = server.files_sent.copy()
        assert len(sent) < REPLAYS
        with store:
            assert machine.run() == 0, machine.output()
        client.close()
    again = {name for name, count in server.files_sent.items() if count > 1}
    assert len(again) <= 4, "at most what was under way, one for each thread"
    assert server.files_sent.total() <= REPLAYS + 4


@pytest.mark.parametrize(
    ("remote", "group", "storage", "variables", "text"),
    [
        ("s3://{bucket}/data", "top", "s3", {"BALLCHASING_API_KEY": "wrong"}, "the server refuses the API key"),
        ("s3://{bucket}/data", "top", "s3", {"BALLCHASING_API_KEY": ""}, "no API key"),
        ("s3://{bucket}/data", "nowhere", "s3", {}, "there is no group 'nowhere'"),
        ("s3://no-such-bucket/data", "top", "s3", {}, "does not exist"),
        ("s3://{bucket}/data", "top", "s3", {"IMPULSE_SNAPSHOT_MINUTES": "often"}, "IMPULSE_SNAPSHOT_MINUTES"),
        ("s3://{bucket}/data", "top", "local", {}, "set `storage: s3` in conf/config.yaml"),
    ],
    ids=["wrong-key", "no-key", "unknown-group", "no-bucket", "bad-interval", "storage-local"],
)
def test_what_somebody_must_change_is_not_started_again(
    origin: Origin,
    new_machine: NewMachine,
    bucket: Bucket,
    remote: str,
    group: str,
    storage: str,
    variables: dict[str, str],
    text: str,
) -> None:
    """The exit code is the one that the unit does not restart, the reason is a line of the journal, and no traceback."""
    repository = origin(remote.format(bucket=bucket.name))
    if group != "top":
        repository.replace("conf/source/ballchasing.yaml", "[top]", f"[{group}]")
    if storage != "s3":
        repository.replace("conf/config.yaml", "storage: s3", f"storage: {storage}")
    repository.run("python", "stages/config.py")
    repository.run("git", "commit", "-qam", "other settings", check=False)
    machine = new_machine("machine", repository.path, **variables)
    assert machine.run() == EXIT_CONFIG, machine.output()
    assert text in machine.output()
    assert "Traceback" not in machine.output()


def test_refused_store_is_tried_again(origin: Origin, new_machine: NewMachine, bucket: Bucket) -> None:
    """Rights may come later, such as a role that was just attached."""
    repository = origin(f"s3://{bucket.name}/data")
    machine = new_machine("machine", repository.path, AWS_SECRET_ACCESS_KEY="wrong")
    assert machine.run() == 1, machine.output()
    assert "the store refuses access" in last_line(machine)


def test_machine_that_the_spot_market_takes(
    origin: Origin, new_machine: NewMachine, server: DemoServer, bucket: Bucket
) -> None:
    """It saves, says so in the remote and to the receiver, and ends before it is taken; the next one ends the run."""
    repository = origin(f"s3://{bucket.name}/data")
    with Receiver() as receiver, FakeMetadata() as metadata:
        variables = {"AWS_EC2_METADATA_DISABLED": "", "IMPULSE_NOTIFY": receiver.url}
        first = new_machine("first", repository.path, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url, **variables)
        first.start()
        wait_until(lambda: len(server.files_sent) >= 6, first)
        metadata.take_machine()
        assert first.wait() == EXIT_STOPPED
        assert last_line(first) == "long run: the spot market takes the machine; all is saved, another one goes on"
        assert processes_below(first.path) == {}
        user = Checkout(repository.path, {**repository.env, "PYTHONPATH": "stages"})
        status = user.run("python", "-m", "impulse", "status", "--remote").stdout
        assert re.match(r"interrupted by the spot market \d+ s ago, in step fetch", status)
        first.lose()
        metadata.notice = None
        last = new_machine("last", repository.path, AWS_EC2_METADATA_SERVICE_ENDPOINT=metadata.url, **variables)
        assert last.run() == 0, last.output()
        status = user.run("python", "-m", "impulse", "status", "--remote").stdout
        assert re.match(r"last heard of \d+ s ago, when it had finished\nfinished at ", status)
    assert server.files_sent.total() <= REPLAYS + 4
    assert [body["state"] for body in receiver.bodies] == ["running", "interrupted", "running", "finished"]
    assert receiver.bodies[-1]["counts"] == {"downloaded": REPLAYS}
    assert KEY not in str(receiver.bodies)


def test_killed_alone_the_program_meets_its_orphan(
    origin: Origin, new_machine: NewMachine, server: DemoServer, bucket: Bucket
) -> None:
    """A fetch that lost its parent goes on; the next start waits for it, and nothing is downloaded twice."""
    machine = new_machine("machine", origin(f"s3://{bucket.name}/data").path)
    machine.start()
    wait_until(lambda: len(server.files_sent) >= 3, machine)
    assert machine.process is not None
    machine.process.kill()
    machine.process.wait()
    assert any("fetch.py" in line for line in processes_below(machine.path).values())
    assert machine.run() == 0, machine.output()
    assert "waiting for it to end" in machine.output()
    assert sum(server.files_sent.values()) == REPLAYS
