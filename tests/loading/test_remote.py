"""impulse.load from a bucket and from DVC remotes, with a real S3 server and real Git repositories."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError
from tests.checkout import Checkout
from tests.exported import exported
from tests.local_server import LocalServer, QuietHandler
from tests.s3.fixtures import Bucket
from tests.s3.proxy import CountingProxy

import impulse
from impulse.config.export import ExportParams
from impulse.errors import ConfigError, DatasetError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def other(data: Path) -> Path:
    """The same replays with other splits: a second version of the dataset."""
    params = ExportParams(shards=4, train=0.25, val=0.5, test=0.25, split_salt="other")
    return exported(data, data / "other", params)


def relative(dataset: Path) -> dict[str, Path]:
    return {path.relative_to(dataset).as_posix(): path for path in dataset.rglob("*") if path.is_file()}


def upload(dataset: Path | dict[str, Path], bucket: Bucket, prefix: str) -> str:
    for name, path in (relative(dataset) if isinstance(dataset, Path) else dataset).items():
        bucket.put(f"{prefix}/{name}", path.read_bytes())
    return f"s3://{bucket.name}/{prefix}"


class Repository(Checkout):
    """A Git repository whose DVC-tracked dataset has two versions, v1 and v2, and a remote."""

    @classmethod
    def made(
        cls, path: Path, *, remote: str, versions: list[Path], settings: dict[str, str] | None = None
    ) -> Repository:
        """Make one at ``path``."""
        who = {f"GIT_{who}_{what}": "impulse@test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        state = {"DVC_SITE_CACHE_DIR": str(path.parent / "dvc-state"), "GIT_CONFIG_GLOBAL": os.devnull}
        new = cls(path, {**who, **state, "PATH": tools})
        path.mkdir(parents=True)
        new.run("git", "init", "-q", "-b", "main")
        new.run("dvc", "init", "-q")
        new.run("dvc", "config", "core.analytics", "false")
        new.run("dvc", "remote", "add", "-q", "-d", "store", remote)
        for key, value in (settings or {}).items():
            new.run("dvc", "remote", "modify", "-q", "store", key, value)
        for number, version in enumerate(versions, 1):
            shutil.rmtree(path / "data" / "export", ignore_errors=True)
            shutil.copytree(version, path / "data" / "export")
            new.run("dvc", "add", "-q", "data/export")
            new.run("git", "add", "-A")
            new.run("git", "commit", "-qm", f"version {number}")
            new.run("git", "tag", f"v{number}")
            new.run("dvc", "push", "-q")
        return new

    def forget_data(self) -> None:
        """Leave what a fresh clone has: no data, no cache."""
        shutil.rmtree(self.path / "data" / "export")
        shutil.rmtree(self.path / ".dvc" / "cache")


@pytest.fixture(autouse=True)
def quiet_dvc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DVC in this process keeps its state in the test's own folder."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "dvc-site"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture(scope="module")
def repository(dataset: Path, other: Path, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Two versions on a remote that is a local folder; the repository itself has no data."""
    folder = tmp_path_factory.mktemp("repository")
    made = Repository.made(folder / "repo", remote=str(folder / "remote"), versions=[dataset, other])
    broken = shutil.copytree(dataset, made.path / "data" / "broken")
    min((broken / "frames" / "split=train").iterdir()).unlink()
    made.run("dvc", "add", "-q", "data/broken")
    made.run("git", "add", "-A")
    made.run("git", "commit", "-qm", "broken")
    made.run("dvc", "push", "-q", "data/broken")
    shutil.rmtree(broken)
    made.forget_data()
    return made


def splits(table: Any) -> dict[str, str]:
    return dict(zip(table["replay_id"].to_pylist(), table["split"].to_pylist(), strict=True))


def test_each_revision_is_its_own_dataset(repository: Repository, dataset: Path, other: Path) -> None:
    """Two tags of a repository without data give two datasets, and nothing is left in its cache."""
    for rev, version in (("v1", dataset), ("v2", other), (None, other)):
        assert impulse.load(repository.path, rev=rev, split="val").equals(impulse.load(version, split="val"))
        found = splits(impulse.load(repository.path, rev=rev, table="replays"))
        assert found == splits(pq.read_table(version / "replays.parquet"))
    assert splits(pq.read_table(dataset / "replays.parquet")) != splits(pq.read_table(other / "replays.parquet"))
    assert not (repository.path / "data" / "export").exists()
    kept = [path for path in (repository.path / ".dvc" / "cache").rglob("*") if path.is_file()]
    assert [path for path in kept if not path.name.endswith(".dir")] == []


def test_a_checkout_that_is_a_subfolder(repository: Repository, dataset: Path, other: Path, tmp_path: Path) -> None:
    """Of a larger repository, by its own path or by that of the repository; its remotes are its own."""
    large = tmp_path / "large"
    shutil.copytree(repository.path, large / "sets" / "one", ignore=shutil.ignore_patterns(".git"))
    here = Repository(large / "sets" / "one", repository.env)
    here.run("git", "init", "-q", "-b", "main", str(large))
    for tag, rev in (("v1", "v1"), ("v2", "main~1")):
        pinned = repository.run("git", "show", f"{rev}:data/export.dvc").stdout
        (here.path / "data" / "export.dvc").write_text(pinned)
        here.run("git", "add", "-A")
        here.run("git", "commit", "-qm", tag)
        here.run("git", "tag", tag)
    for rev, version in (("v1", dataset), ("v2", other)):
        expected = impulse.load(version, split="val")
        assert impulse.load(here.path, rev=rev, split="val").equals(expected)
        assert impulse.load(large, rev=rev, path="sets/one/data/export", split="val").equals(expected)
    with pytest.raises(DatasetError, match="nowhere"):
        impulse.load(here.path, rev="v1", remote="nowhere")
    with pytest.raises(DatasetError, match="data/other"):
        impulse.load(here.path, rev="v1", path="data/other")


def test_repository_by_url_and_bare(repository: Repository, dataset: Path, tmp_path: Path) -> None:
    """A URL of a Git repository and a bare clone of it are as good as a checkout."""
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository.path), str(bare)], check=True)
    for address in (f"file://{repository.path}", bare):
        mine = impulse.load(address, rev="v1", split="test", columns=["replay_id", "time"])
        assert mine.equals(impulse.load(dataset, split="test", columns=["replay_id", "time"]))


@pytest.mark.heavy
def test_data_in_the_cache_need_no_remote(dataset: Path, other: Path, tmp_path: Path) -> None:
    """What is in the DVC cache is read from there, also when the remote is gone."""
    made = Repository.made(tmp_path / "repo", remote=str(tmp_path / "remote"), versions=[dataset, other])
    shutil.rmtree(tmp_path / "remote")
    assert impulse.load(made.path, rev="v1", split="val").equals(impulse.load(dataset, split="val"))
    impulse.open_dataset(made.path, rev="v1").verify()
    made.forget_data()
    with pytest.raises(DatasetError, match=r"missing or damaged in the DVC cache and on the remote: .*`impulse push`"):
        impulse.load(made.path, rev="v1")


@pytest.mark.heavy
def test_repository_without_remote_is_said_in_one_line(dataset: Path, tmp_path: Path) -> None:
    """There is nothing that the data could come from."""
    made = Repository.made(tmp_path / "repo", remote=str(tmp_path / "remote"), versions=[dataset])
    made.run("dvc", "remote", "remove", "store")
    made.run("git", "commit", "-qam", "no remote")
    assert impulse.load(made.path, rev="main", table="goals").equals(impulse.load(dataset, table="goals"))
    made.forget_data()
    with pytest.raises(DatasetError, match=r"repo@main:data/export: ") as caught:
        impulse.load(made.path, rev="main")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rev": "v9"}, "unknown Git revision 'v9'"),
        ({"rev": "v1", "path": "data/other"}, "data/other"),
        ({"rev": "v1", "remote": "nowhere"}, "nowhere"),
    ],
)
def test_what_a_repository_has_not_is_said_in_one_line(
    repository: Repository, arguments: dict[str, Any], message: str
) -> None:
    """Revision, folder and remote that do not exist."""
    with pytest.raises(DatasetError, match=message) as caught:
        impulse.load(repository.path, **arguments)
    assert "\n" not in str(caught.value)


def test_what_dvc_and_git_raise_is_said_in_one_line(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings that DVC cannot read, a history that is broken, no access, and errors of the libraries below them."""
    copy = Path(shutil.copytree(repository.path, tmp_path / "copy"))
    (copy / ".dvc" / "config").write_text("[core\n")
    with pytest.raises(DatasetError, match=r"copy@v1:data/export: cannot be opened") as caught:
        impulse.load(copy, rev="v1")
    assert "\n" not in str(caught.value)
    shutil.rmtree(copy / ".git" / "objects")
    with pytest.raises(DatasetError, match=r"copy:data/export|copy@v1:data/export: cannot be opened"):
        impulse.load(copy, rev="v1")
    for error in (
        PermissionError(13, "Permission denied"),
        ClientError({"Error": {"Code": "403"}}, "HeadObject"),
        KeyError("x"),
    ):

        def refused(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        with monkeypatch.context() as patched:
            patched.setattr("dvc.repo.Repo.get_data_index_entry", refused)
            with pytest.raises(DatasetError, match=r"repo@v1:data/export: cannot be opened \("):
                impulse.load(repository.path, rev="v1")


@pytest.mark.heavy
def test_a_revision_that_is_not_whole_is_named(repository: Repository) -> None:
    """A folder that was committed without one of its files."""
    with pytest.raises(DatasetError, match=r"repo:data/broken: frames/split=train/\S+ is missing") as caught:
        impulse.load(repository.path, path="data/broken")
    assert "\n" not in str(caught.value)
    with pytest.raises(DatasetError, match=r"frames/split=train/\S+ is missing"):
        impulse.open_dataset(repository.path, path="data/broken").verify()


def test_a_url_without_repository_is_said_in_one_line(tmp_path: Path) -> None:
    """Nothing can be cloned from there."""
    with pytest.raises(DatasetError, match=r"nothing-here.*cannot be opened") as caught:
        impulse.load(f"file://{tmp_path}/nothing-here", rev="v1")
    assert "\n" not in str(caught.value)


def test_bucket_holds_a_dataset(dataset: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset copied below a prefix is the same dataset, and errors about it are one line."""
    address = upload(dataset, bucket, "sets/one")
    mine = impulse.load(f"{address}/", split="val", filters=[("ball_pos_z", ">", 200)])
    assert mine.equals(impulse.load(dataset, split="val", filters=[("ball_pos_z", ">", 200)]))
    impulse.open_dataset(address).verify()
    with CountingProxy(bucket.server.url) as proxy, monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", proxy.url)
        with pytest.raises(DatasetError, match=r"sets/two is not a dataset of impulse: there is no schema.json"):
            impulse.load(f"s3://{bucket.name}/sets/two")
        assert not any("list-type" in request for request in proxy.requests)  # a bucket may have millions of objects
    with pytest.raises(ConfigError, match="a bucket has no revisions"):
        impulse.load(address, rev="v1")
    bucket.put("sets/one/._replays.parquet", b"what macOS leaves behind")
    bucket.put("sets/one/replays.parquet", bytes((dataset / "replays.parquet").stat().st_size))
    with pytest.raises(DatasetError, match=r"replays.parquet has other bytes"):
        impulse.open_dataset(address).verify()


def test_a_bucket_that_is_not_the_dataset_is_named(
    dataset: Path, other: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A doubled shard, a missing one, another build while frames are read; a bucket or a server that is not there."""
    address = upload(dataset, bucket, "sets/one")
    frames = impulse.open_dataset(address.replace("s3://", "s3a://")).frames(columns=["replay_id", "time"])
    assert frames.to_arrow().num_rows == impulse.load(dataset, columns=["time"]).num_rows
    shard = frames.files[0]
    bucket.put("sets/one/frames/split=train/part-00000 (1).parquet", (dataset / shard).read_bytes())
    with pytest.raises(
        DatasetError, match=r"frames/split=train/part-00000 \(1\).parquet does not belong to the dataset"
    ):
        impulse.load(address)
    assert impulse.load(address, split="val").num_rows > 0
    whole = list(frames.files)
    upload(other, bucket, "sets/one")
    for read in (
        frames.to_arrow,
        lambda: list(frames.each_replay()),
        lambda: pickle.loads(pickle.dumps(frames)).to_arrow(),
    ):
        with pytest.raises(DatasetError, match=r"sets/one was rebuilt since it was opened; open it again"):
            read()
    upload({name: path for name, path in relative(dataset).items() if name != whole[-1]}, bucket, "sets/two")
    with pytest.raises(DatasetError, match=rf"sets/two: {whole[-1]} is missing"):
        impulse.load(f"s3://{bucket.name}/sets/two")
    with pytest.raises(DatasetError, match=r"s3://no-such-bucket/\S*: the bucket does not exist"):
        impulse.load("s3://no-such-bucket/sets/one")
    with CountingProxy(bucket.server.url) as proxy, monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL", proxy.url)
        opened = impulse.open_dataset(address)
        server = proxy.url
    with pytest.raises(DatasetError, match=rf"goals.parquet cannot be read from {server}.*onnect") as caught:
        opened.table("goals")
    assert "\n" not in str(caught.value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    with pytest.raises(DatasetError, match=rf"sets/one\S*: the store cannot be used now.*{server}"):
        impulse.open_dataset(address)


def test_credentials_come_from_a_profile_and_their_lack_is_said(
    dataset: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A profile of the AWS files is as good as the environment; none or a wrong one is one line without a key."""
    address = upload(dataset, bucket, "sets/one")
    config = tmp_path / "config"
    config.write_text(
        f"[profile store]\naws_access_key_id = {bucket.server.access_key}\n"
        f"aws_secret_access_key = {bucket.server.secret_key}\nendpoint_url = {bucket.server.url}\nregion = us-east-1\n"
    )
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(DatasetError, match=r"no AWS credentials found.*AWS_PROFILE") as caught:
        impulse.load(address)
    assert "\n" not in str(caught.value)
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "store")
    assert impulse.load(address, table="goals").equals(impulse.load(dataset, table="goals"))
    monkeypatch.setenv("AWS_PROFILE", "stroe")
    with pytest.raises(DatasetError, match="AWS configuration cannot be used"):
        impulse.load(address)


@pytest.mark.heavy
def test_dvc_remote_in_a_bucket(
    dataset: Path, other: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two revisions of a repository come from its S3 remote; the endpoint is the remote's own."""
    made = Repository.made(
        tmp_path / "repo",
        remote=f"s3://{bucket.name}/dvc",
        versions=[dataset, other],
        settings={"endpointurl": bucket.server.url},
    )
    made.forget_data()
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    for rev, version in (("v1", dataset), ("v2", other)):
        opened = impulse.open_dataset(made.path, rev=rev)
        assert opened.frames(split="val").to_arrow().equals(impulse.load(version, split="val"))
        assert opened.table("players").equals(pq.read_table(version / "players.parquet"))
    assert impulse.load(f"file://{made.path}", rev="v1", split="test", verify=True).equals(
        impulse.load(dataset, split="test")
    )


@pytest.mark.parametrize("kind", ["bucket", pytest.param("dvc", marks=pytest.mark.heavy)])
def test_only_what_is_asked_for_comes_over_the_network(
    dataset: Path, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Bytes and requests at the store: other splits, other replays and other columns stay there."""
    with CountingProxy(bucket.server.url) as proxy:
        if kind == "bucket":
            address, rev = upload(dataset, bucket, "sets/one"), None
            monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
            opened = impulse.open_dataset(address)
            asked_at = [request.split("?")[0].rsplit("/", 1)[-1] for request in proxy.requests]
            assert asked_at == ["schema.json", bucket.name, "schema.json"]  # is it there, all names, its content
        else:
            remote, settings = f"s3://{bucket.name}/dvc", {"endpointurl": proxy.url}
            made = Repository.made(tmp_path / "repo", remote=remote, versions=[dataset], settings=settings)
            made.forget_data()
            rev = "v1"
            opened = impulse.open_dataset(made.path, rev=rev)
        _, replays = opened.schema, opened.replays
        files = opened.frames(split="val").files
        sizes = {name: (dataset / name).stat().st_size for name in opened.stored.files}
        columns = ["replay_id", "ball_pos_x"]

        proxy.reset()
        assert opened.frames(split="val", columns=columns).to_arrow().num_rows > 0
        asked = {request.split("?")[0].rsplit("/", 1)[-1] for request in proxy.requests}
        looked_at = {"schema.json"} if kind == "bucket" else set()  # whether it is still the same build
        assert asked == {opened.stored.files[name].path.rsplit("/", 1)[-1] for name in files} | looked_at
        assert [request for request in proxy.requests if "schema.json" in request] == [
            f"HEAD /{bucket.name}/sets/one/schema.json" for _ in looked_at
        ]
        footers = sum(int(pq.read_metadata(dataset / name).serialized_size) for name in files)
        # Arrow reads 64 kB from a file's end to find its footer, and more where the footer is longer.
        assert proxy.bytes_received < footers + len(files) * 70_000 + 20_000

        proxy.reset()
        opened.frames(columns=columns, filters=[("replay_id", "=", replays["replay_id"][0].as_py())]).to_arrow()
        assert len({request.split("?")[0].rsplit("/", 1)[-1] for request in proxy.requests} - looked_at) == 1
        assert proxy.bytes_received < sum(sizes.values()) / 4

        proxy.reset()
        assert opened.frames(filters=[("players_a_side", "=", 9)]).to_arrow().num_rows == 0
        assert proxy.requests == []


class Ranges(QuietHandler):
    """Gives parts of files, as object stores do."""

    owner: FileServer

    def do_GET(self) -> None:
        path = self.owner.folder / self.path.lstrip("/")
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        first, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")
        part = content[int(first) : int(last or len(content)) + 1]
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(part)

    do_HEAD = do_GET


class FileServer(LocalServer):
    def __init__(self, folder: Path) -> None:
        super().__init__(Ranges)
        self.folder = folder


@pytest.fixture
def file_server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """URL and folder of an HTTP server on loopback."""
    folder = tmp_path / "served"
    folder.mkdir()
    with FileServer(folder) as server:
        yield server.url, folder


@pytest.mark.heavy
def test_dvc_remotes_of_other_kinds_are_read_through_dvc(
    dataset: Path, file_server: tuple[str, Path], tmp_path: Path
) -> None:
    """A remote that Arrow has no file system for, here HTTP, works all the same."""
    url, folder = file_server
    made = Repository.made(tmp_path / "repo", remote=str(folder), versions=[dataset])
    made.forget_data()
    made.run("dvc", "remote", "modify", "store", "url", url)
    mine = impulse.load(made.path, split="val", columns=["replay_id", "row", "ball_pos_z"])
    assert mine.equals(impulse.load(dataset, split="val", columns=["replay_id", "row", "ball_pos_z"]))
