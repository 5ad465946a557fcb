"""Machines that share a dataset: clones of one git repository, each with a cache of its own, and one S3 server."""

from __future__ import annotations

import itertools
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.checkout import Checkout
from tests.s3.server import S3Server

_numbers = itertools.count(1)
ONLY_CONFIG = """#!/bin/sh
[ "$1" = stages/config.py ] && exec {python} "$@"
echo "$1 was about to compute" >&2
exit 99
"""
"""A python for the stages that composes settings and computes nothing."""


def aws_environment(server: S3Server, folder: Path) -> dict[str, str]:
    """What a user of the server has in the environment; nothing leads to another account."""
    nothing = folder / "aws"
    nothing.touch()
    return {
        "AWS_ACCESS_KEY_ID": server.access_key,
        "AWS_SECRET_ACCESS_KEY": server.secret_key,
        "AWS_ENDPOINT_URL": server.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(nothing),
        "AWS_SHARED_CREDENTIALS_FILE": str(nothing),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",  # a server that is gone is noticed at once
    }


@dataclass
class Sharing:
    """The machine on which the dataset was built, where it was pushed, and what it was."""

    first: Checkout
    origin: Path
    url: str
    server: S3Server
    folder: Path
    exported: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Files of data/export by tag."""

    def machine(self, revision: str = "main") -> Checkout:
        """Another machine: a clone with an empty cache."""
        path = self.folder / f"machine-{next(_numbers)}" / "impulse"
        path.parent.mkdir()
        env = {**self.first.env, "DVC_SITE_CACHE_DIR": str(path.parent / "dvc-state")}
        here = Checkout(self.folder, env)
        here.run("git", "clone", "-q", str(self.origin), str(path))
        made = Checkout(path, env)
        made.run("git", "checkout", "-q", revision)
        return made

    def objects(self) -> dict[str, bytes]:
        """Everything in the bucket, by key."""
        bucket, client = self.url.split("/")[2], self.server.client()
        try:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            return {key: client.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        finally:
            client.close()


def without_computing(checkout: Checkout) -> Checkout:
    """The same machine with a python on PATH that refuses to run any stage but config."""
    shims = checkout.path.parent / "shims"
    shims.mkdir(exist_ok=True)
    shim = shims / "python"
    shim.write_text(ONLY_CONFIG.format(python=sys.executable))
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    return replace(checkout, env={**checkout.env, "PATH": f"{shims}{os.pathsep}{checkout.env['PATH']}"})


def start_sharing(
    clone: Callable[[str, Path], Checkout], source: Path, server: S3Server, folder: Path, *, build: bool = True
) -> Sharing:
    """Set a remote as the README says, build, commit, tag and push v1."""
    bucket = f"datasets-{next(_numbers)}"
    client = server.client()
    client.create_bucket(Bucket=bucket)
    client.close()
    first = clone("first", source)
    first.env.update(aws_environment(server, folder))
    origin = folder / "origin.git"
    first.run("git", "init", "-q", "--bare", "-b", "main", str(origin))
    first.run("git", "remote", "add", "origin", str(origin))
    sharing = Sharing(first, origin, f"s3://{bucket}/sets/one", server, folder)
    first.run("dvc", "remote", "modify", "storage", "url", sharing.url)
    first.run("git", "commit", "-qam", "our bucket")
    if build:
        publish(sharing, "v1")
    else:
        first.run("git", "push", "-q", "origin", "main")
    return sharing


def publish(sharing: Sharing, tag: str) -> None:
    """Build, commit, tag, push."""
    first = sharing.first
    first.run("dvc", "repro")
    first.run("git", "add", "-A")
    first.run("git", "commit", "-qm", f"dataset {tag}")
    first.run("git", "tag", tag)
    first.run("dvc", "push", "--run-cache")
    first.run("git", "push", "-q", "origin", "main", tag)
    sharing.exported[tag] = first.content("data/export")


@pytest.fixture(scope="module")
def shared(
    clone: Callable[[str, Path], Checkout],
    small_source: Path,
    s3_server: S3Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Sharing:
    """A dataset in two versions, v1 at 10 fps and v2 at 4 fps, tagged and pushed."""
    sharing = start_sharing(clone, small_source, s3_server, tmp_path_factory.mktemp("sharing"))
    sharing.first.replace("conf/config.yaml", "fps: 10.0", "fps: 4.0")
    publish(sharing, "v2")
    return sharing
