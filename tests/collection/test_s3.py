from __future__ import annotations

import io
import logging
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.collection.conftest import Place
from tests.s3.fixtures import Bucket

from impulse.collection import DownloadResult
from impulse.demo import with_flipped_bits
from impulse.errors import StageError
from impulse.s3.bucket import S3Bucket

pytestmark = pytest.mark.slow
LISTS = {"manifest.parquet", "listed_players.parquet", "listings.parquet", "rejects.parquet"}


def get(place: Place, bucket: Bucket, *, ledger: str = "ledger.sqlite", **settings: Any) -> DownloadResult:
    settings = {"s3_bucket_name": bucket.name, "database_path": place.folder / ledger, **settings}
    return place.get(storage_type="s3", config=place.config(**settings))


def fill(place: Place, replays: list[bytes], count: int = 4) -> dict[str, bytes]:
    for number in range(count):
        place.server.add_replay(f"replay-{number}", replays[number], "top")
    return {f"replay-{number}.replay": replays[number] for number in range(count)}


def test_group_is_in_the_bucket_byte_for_byte_and_nowhere_else(
    place: Place, bucket: Bucket, replays: list[bytes]
) -> None:
    """Replays and the two lists stand below the prefix; this machine has the ledger alone."""
    wanted = fill(place, replays)
    place.server.add_replay("replay-9", with_flipped_bits(replays[9]), "top")
    bucket.put("sets/other/replay-0.replay", b"not ours")
    result = get(place, bucket, s3_prefix="/sets/one/", aws_region="us-east-1")

    found = bucket.objects()
    assert found.pop("sets/other/replay-0.replay") == b"not ours"
    lists = {name: found.pop(f"sets/one/{name}") for name in LISTS}
    assert found == {f"sets/one/{name}": content for name, content in wanted.items()}
    noted = (".json", ".facts")  # what was seen of files, and found in them
    assert {path.name for path in place.folder.rglob("*") if path.is_file() and path.suffix not in noted} <= {
        *("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", ".ledger.sqlite.lock")
    }
    assert (result.successful, result.failed, result.files) == (4, 1, ())
    assert pq.read_table(io.BytesIO(lists["manifest.parquet"])).column("path").to_pylist() == sorted(wanted)
    assert pq.read_table(io.BytesIO(lists["rejects.parquet"])).num_rows == 1


def test_bucket_and_folder_hold_the_same(place: Place, bucket: Bucket, replays: list[bytes]) -> None:
    """Where a group is kept changes no byte of it, nor of its manifest; one of two copies goes in both."""
    fill(place, replays)
    place.server.add_replay("replay-8", replays[0], "top")
    get(place, bucket)
    place.get()
    assert bucket.objects() == place.written()


def test_objects_are_known_again(
    place: Place, bucket: Bucket, replays: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there costs no call, no put and no reading; what is gone or damaged is replaced, with the ledger and without."""
    wanted = fill(place, replays)
    get(place, bucket)
    calls = len(place.server.calls)
    with monkeypatch.context() as patch:
        patch.setattr(S3Bucket, "write", lambda self, name, content: name in LISTS or pytest.fail(f"{name} is put"))
        again = get(place, bucket)
    assert (again.successful, again.downloaded_now, len(place.server.calls)) == (4, 0, calls)

    bucket.put("replay-1.replay", with_flipped_bits(replays[1]))  # of the same size
    bucket.client.delete_object(Bucket=bucket.name, Key="replay-2.replay")
    assert get(place, bucket).downloaded_now == 2
    bucket.put("replay-1.replay", with_flipped_bits(replays[1]))
    bucket.put("replay-2.replay", b"")
    get(place, bucket, ledger="another.sqlite")
    assert place.server.files_sent == {"replay-0": 1, "replay-1": 3, "replay-2": 3, "replay-3": 1}
    assert {name: bucket.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("is_stored", [False, True])
def test_failed_put_ends_the_run_and_the_next_goes_on(
    place: Place, bucket: Bucket, replays: list[bytes], monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    """A put that failed is done again; one that arrived though its answer was lost is not."""
    wanted = fill(place, replays)
    write = S3Bucket.write

    def failing(self: S3Bucket, name: str, content: bytes) -> bool:
        if name != "replay-2.replay":
            return write(self, name, content)
        if is_stored:
            write(self, name, content)
        raise StageError("lost")

    monkeypatch.setattr(S3Bucket, "write", failing)
    with pytest.raises(StageError, match="lost"):
        get(place, bucket, threads=1)
    monkeypatch.setattr(S3Bucket, "write", write)
    assert get(place, bucket).successful == 4

    assert {name: bucket.get(name) for name in wanted} == wanted
    sent = dict(place.server.files_sent)
    assert sent.pop("replay-3") <= 2  # it may have been under way when the run ended
    assert sent == {"replay-0": 1, "replay-1": 1, "replay-2": 1 if is_stored else 2}


def test_store_that_cannot_be_used_ends_the_run_before_its_first_call(
    place: Place, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is asked of the server that could not be kept."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-secret-of-a-test")
    with pytest.raises(StageError, match=rf"^s3://{bucket.name}/: the store refuses access"):
        get(place, bucket)
    assert place.server.calls == []


def test_secret_is_in_no_file_and_no_log(place: Place, bucket: Bucket, replays: list[bytes], caplog) -> None:
    """Ledger, logs of all libraries, results, settings and objects do not hold it."""
    caplog.set_level(logging.DEBUG)
    fill(place, replays)
    result = get(place, bucket)
    secret = bucket.server.secret_key
    assert secret not in caplog.text + repr(result) + repr(place.config())
    held = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
    assert not any(secret.encode() in content for content in [*held, *bucket.objects().values()])
