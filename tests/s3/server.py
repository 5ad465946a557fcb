"""A real S3 server on this machine: SeaweedFS, with keys made when it starts."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sysconfig
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HOST = "127.0.0.1"
READY_SECONDS = 90
GRACE_SECONDS = 2
"""Left to itself the server takes 20 s to end; nothing in it is needed any more."""
VOLUME_GROWTH = """[master.volume_growth]
copy_1 = 1
copy_2 = 1
copy_3 = 1
copy_other = 1
"""
"""Each bucket would grow seven volumes at a time and soon reach the limit."""


class S3Server:
    """A running server; use it as a context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self._names = ("master", "volume", "filer", "s3")
        self._ports = free_ports(2 * len(self._names))
        self.url = f"http://{HOST}:{self._ports[3]}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        (self.folder / "master.toml").write_text(VOLUME_GROWTH)
        keys = {"accessKey": self.access_key, "secretKey": self.secret_key}
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        identity = {"name": "test", "credentials": [keys], "actions": actions}
        config = self.folder / "s3.json"
        config.touch(mode=0o600)
        config.write_text(json.dumps({"identities": [identity]}))
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(config),
                cwd=self.folder,
                stdout=log,
                stderr=log,
                env={**os.environ, "GOMEMLIMIT": "700MiB"},
            )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def kill(self) -> None:
        """End it as a power cut does; used as a context again, it starts on what its disk has."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client(self) -> Any:
        """A plain client, which shares no code with what is tested; close it."""
        return botocore.session.Session().create_client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=Config(connect_timeout=2, read_timeout=10, retries={"total_max_attempts": 1}),
        )

    def _command(self, config: Path) -> list[str]:
        ports = [f"-{name}.port={port}" for name, port in zip(self._names, self._ports[:4], strict=True)]
        ports += [f"-{name}.port.grpc={port}" for name, port in zip(self._names, self._ports[4:], strict=True)]
        return [
            str(Path(sysconfig.get_path("scripts")) / "weed"),
            "server",
            *(f"-ip={HOST}", f"-ip.bind={HOST}", f"-dir={self.folder}", *ports),
            *("-filer", f"-filer.localSocket={self.folder / 'filer.sock'}"),
            *("-s3", f"-s3.config={config}", f"-s3.localSocket={self.folder / 's3.sock'}"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false", "-master.electionTimeout=1s"),
            *("-volume.max=200", "-master.volumeSizeLimitMB=256"),
        ]

    def _wait(self) -> None:
        """Wait until objects can be written and read; the port is open long before."""
        assert self._process is not None
        end = time.monotonic() + READY_SECONDS
        client = self.client()
        try:
            while True:
                try:
                    # It may have been killed and start again.
                    with suppress(client.exceptions.BucketAlreadyOwnedByYou, client.exceptions.BucketAlreadyExists):
                        client.create_bucket(Bucket="ready")
                    client.put_object(Bucket="ready", Key="a", Body=b"a")
                    client.get_object(Bucket="ready", Key="a")["Body"].read()
                    break
                except (BotoCoreError, ClientError) as error:
                    if time.monotonic() > end or self._process.poll() is not None:
                        raise RuntimeError(
                            f"the server did not start:\n{(self.folder / 'log').read_text()[-2000:]}"
                        ) from error
                    time.sleep(0.3)
        finally:
            client.close()


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses; held together, so that they differ."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in held]
