"""The policy of the machine's role grants what a whole run asks of the store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.checkout import Checkout
from tests.deploy.conftest import REPLAYS
from tests.deploy.fake_parameters import NAME, FakeParameters
from tests.deploy.machine import AWS, KEY, Machine, wait_until
from tests.deploy.rights import Right, right_for
from tests.deploy.test_long_run import downloaded
from tests.s3.fixtures import Bucket
from tests.s3.proxy import CountingProxy

from impulse.demo.server import DemoServer


def policy(bucket: str, prefix: str) -> dict[str, list[dict[str, object]]]:
    """The policy as a user fills it in."""
    text = (AWS / "iam-policy.json").read_text()
    filled: dict[str, list[dict[str, object]]] = json.loads(text.replace("BUCKET", bucket).replace("PREFIX", prefix))
    return filled


@pytest.mark.parametrize(
    ("method", "target", "is_granted"),
    [
        ("GET", "/b/p/files/md5/aa/bb", True),
        ("HEAD", "/b/p/long-run/000001-aa.ledger", True),
        ("PUT", "/b/p/files/md5/aa/bb", True),
        ("POST", "/b/p/files/md5/aa/bb?uploads=", True),
        ("DELETE", "/b/p/files/md5/aa/bb?uploadId=7", True),
        ("DELETE", "/b/p/long-run/000001-aa.ledger", True),
        ("GET", "/b?list-type=2&prefix=p%2Flong-run%2F", True),
        ("GET", "/b?list-type=2&prefix=", False),
        ("GET", "/b?list-type=2&prefix=private", False),
        ("HEAD", "/b", True),
        ("DELETE", "/b/p/files/md5/aa/bb", False),
        ("PUT", "/b/elsewhere", False),
        ("GET", "/other/p/files/md5/aa/bb", False),
        ("PUT", "/b", False),
        ("GET", "/", False),
    ],
)
def test_policy_tells_calls_apart(method: str, target: str, is_granted: bool) -> None:
    """The reader of policies refuses what the policy does not name, so that the test below can fail."""
    assert right_for(method, target).is_granted_by(policy("b", "p")) is is_granted


@pytest.mark.parametrize(
    ("action", "topic", "is_granted"),
    [
        ("sns:Publish", "impulse", True),
        ("sns:Publish", "impulse-2", False),
        ("sns:Publish", "other", False),
        ("sns:Subscribe", "impulse", False),
    ],
)
def test_policy_lets_the_machine_tell_one_topic(action: str, topic: str, is_granted: bool) -> None:
    """And do nothing else with it."""
    right = Right(action, f"arn:aws:sns:REGION:ACCOUNT:{topic}")
    assert right.is_granted_by(policy("b", "p")) is is_granted


@pytest.mark.heavy
@pytest.mark.pipeline
def test_run_needs_no_more_than_the_policy(
    origin: Callable[[str], Checkout],
    new_machine: Callable[..., Machine],
    server: DemoServer,
    bucket: Bucket,
    tmp_path: Path,
) -> None:
    """A machine is lost on the way, a second one ends the run; every call to the store is one that the policy grants.

    The key comes from the Systems Manager, so that the environment file holds no secret of Ballchasing.
    """
    repository = origin(f"s3://{bucket.name}/data")
    with CountingProxy(bucket.server.url) as store, FakeParameters(KEY) as parameters:
        variables = {
            "AWS_ENDPOINT_URL": store.url,
            "AWS_ENDPOINT_URL_SSM": parameters.url,
            "IMPULSE_KEY_PARAMETER": NAME,
            "BALLCHASING_API_KEY": "",
        }
        first = new_machine("first", repository.path, **variables)
        first.start()
        wait_until(lambda: len(downloaded(bucket, "data", tmp_path)) >= 6, first)
        first.lose()
        kept, sent = downloaded(bucket, "data", tmp_path), Counter(server.files_sent)
        second = new_machine("second", repository.path, **variables)
        assert second.run() == 0, second.output()

    assert [asked["Name"] for asked in parameters.asked] == [NAME, NAME]
    assert KEY not in first.output() + second.output() + second.environment_file.read_text()
    assert len(kept) >= 6
    assert all(server.files_sent[name] == sent[name] for name in kept)
    assert pq.read_table(second.path / "data" / "export" / "replays.parquet").num_rows == REPLAYS
    assert not list((second.path / "data" / "raw").rglob("*.replay"))
    rights = {right_for(*request.split(" ", 1)) for request in store.requests}
    assert Right("s3:PutObject", f"arn:aws:s3:::{bucket.name}/data/raw/replays/re/replay-00.replay") in rights
    granted = policy(bucket.name, "data")
    assert sorted(map(str, (right for right in rights if not right.is_granted_by(granted)))) == []
