"""The files of deploy/aws by the tools that read them: cloud-init, systemd, shellcheck; and what they promise each other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.deploy.machine import AWS, UNIT, unit_settings
from tests.paths import ROOT

from impulse.collection.config import KEY_VARIABLE
from impulse.errors import EXIT_CONFIG
from impulse.s3.credentials import REGIONS
from impulse.sharing.long_run.key import PARAMETER_VARIABLE
from impulse.sharing.long_run.notify import VARIABLE
from impulse.sharing.long_run.run import EXIT_STOPPED
from impulse.sharing.long_run.settings import (
    DEFAULT_DISK_GB,
    DEFAULT_MINUTES,
    DEFAULT_STALL_HOURS,
    DISK_VARIABLE,
    MINUTES_VARIABLE,
    STALL_VARIABLE,
)
from impulse.sharing.long_run.snapshots import FOLDER

MAX_EXPOSURE = 20
"""Tenths, by systemd's own measure, where 100 is a service without any protection."""
VALUES = ("https://example.org/me/impulse", "v1.2.0", "eu-central-1", "/impulse/key")


def tool(name: str) -> str:
    """Path of a tool of the system; in CI it must be there, elsewhere its absence is told."""
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing; .ci/run installs it with apt")
        pytest.skip(f"{name} is not installed; apt-get install cloud-init systemd curl")
    return found


def render(*values: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([AWS / "render.sh", *values], capture_output=True, text=True, check=False)


def test_shell_scripts_pass_shellcheck() -> None:
    """Shellcheck comes from PyPI, so it is never missing."""
    scripts = [*AWS.glob("*.sh"), ROOT / ".ci" / "run"]
    assert len(scripts) == 5
    done = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("is_rendered", [False, True], ids=["template", "rendered"])
def test_user_data_is_cloud_config(tmp_path: Path, is_rendered: bool) -> None:
    """Cloud-init's own schema accepts the file, and refuses one with a mistake."""
    text = render(*VALUES).stdout if is_rendered else (AWS / "user-data.yaml").read_text()
    for name, content, is_good in (("good", text, True), ("bad", f"{text}\npackages: 7\n", False)):
        (tmp_path / name).write_text(content)
        command = [tool("cloud-init"), "schema", "-c", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is is_good, done.stdout + done.stderr


def test_unit_is_verified_by_systemd(tmp_path: Path) -> None:
    """``systemd-analyze verify`` has nothing to say about the unit, and the service is shut in well."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(unit_settings()["WorkingDirectory"], str(ROOT)))
    analyze = tool("systemd-analyze")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    own = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert own == []
    command = [analyze, "security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr


def test_unit_does_not_start_again_what_cannot_work() -> None:
    """Exit code and variables mean the same to unit, environment file and program."""
    settings = unit_settings()
    assert settings["RestartPreventExitStatus"] == str(EXIT_CONFIG)
    assert settings["SuccessExitStatus"] == str(EXIT_STOPPED)
    assert settings["Restart"] == "on-failure"
    assert "StartLimitIntervalSec=0\n" in UNIT.read_text(), "no number of failures ends it for good"
    assert f"exit {EXIT_CONFIG}" in (AWS / "collect.sh").read_text()
    text = (AWS / "user-data.yaml").read_text()
    assert f"path: {settings['EnvironmentFile']}\n" in text
    assert f"{MINUTES_VARIABLE}={DEFAULT_MINUTES:g}\n" in text
    assert f"{STALL_VARIABLE}={DEFAULT_STALL_HOURS:g}\n" in text
    assert f"{DISK_VARIABLE}={DEFAULT_DISK_GB:g}\n" in text
    assert f'{VARIABLE}="@NOTIFY@"\n' in text
    assert all(f"{name}=" in text for name in (KEY_VARIABLE, PARAMETER_VARIABLE, REGIONS[-1]))


def test_rendering_fills_in_everything() -> None:
    """Each value stands where its program looks for it, and no marked word is left."""
    data = yaml.safe_load(render(*VALUES).stdout)
    text = yaml.safe_dump(data)
    assert not re.search(r"@\w+@", text)
    boot = data["write_files"][-1]
    assert data["runcmd"][1] == [boot["path"], VALUES[0], VALUES[1]]
    lines = data["write_files"][0]["content"].splitlines()
    assert f"{REGIONS[-1]}={VALUES[2]}" in lines
    assert f"{PARAMETER_VARIABLE}={VALUES[3]}" in lines
    assert data["write_files"][0]["permissions"] == "0600"
    assert f"checkout={unit_settings()['WorkingDirectory']}\n" in boot["content"]
    assert f"environment={unit_settings()['EnvironmentFile']}\n" in boot["content"]


def test_rendered_file_is_not_the_template() -> None:
    """Who writes it into this folder keeps the template, and git does not see it."""
    for text in ((AWS / "render.sh").read_text(), (ROOT / "deploy" / "README.md").read_text()):
        (target,) = re.findall(r"render\.sh .*> (\S+)", text)
        assert not (AWS / target).exists()
        ignored = subprocess.run(["git", "check-ignore", "-q", f"deploy/aws/{target}"], cwd=ROOT, check=False)
        assert ignored.returncode == 0


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (0, "https://me:password@example.org/me/impulse"),
        (0, "git@example.org:me/impulse.git"),
        (0, "https://example.org/a\nruncmd: [evil]"),
        (1, "main"),
        (1, "abc123"),
        (2, "Frankfurt"),
        (3, "impulse key"),
    ],
)
def test_rendering_refuses_what_would_not_work(position: int, value: str) -> None:
    """One line, no user data, and no password in it."""
    values = list(VALUES)
    values[position] = value
    done = render(*values)
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "password@" not in done.stderr


def test_policy_names_one_place_and_no_more() -> None:
    """No statement is about everything; nothing that DVC keeps may be deleted."""
    statements = json.loads((AWS / "iam-policy.json").read_text())["Statement"]
    for statement in statements:
        assert statement["Effect"] == "Allow"
        assert "*" not in json.dumps(statement["Action"])
        assert not re.search(r":\*|BUCKET/\*", json.dumps(statement["Resource"]))
    removing = [statement for statement in statements if "s3:DeleteObject" in statement["Action"]]
    folders = [f"arn:aws:s3:::BUCKET/PREFIX/{name}/*" for name in (FOLDER, "raw")]
    assert [statement["Resource"] for statement in removing] == [folders]
