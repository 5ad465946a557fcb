"""What the scripts of a machine do, with programs of the system that write down how they were called, and fail when asked to."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy.machine import AWS, UNIT, unit_settings
from tests.deploy.receiver import Receiver
from tests.deploy.test_files import tool
from tests.paths import ROOT

FAKE = """#!/bin/sh
[ "$1" != -c ] || exec python3 "$@"  # which modules there are
name=$(basename "$0")
echo "$name $*" >>"$CALLS"
key=$name
case "$*" in *"checkout --quiet"*) [ "$name" != git ] || key=git-checkout ;; esac
if [ -s "$FAILURES/$key" ]; then
    sed -i 1d "$FAILURES/$key"
    echo "$name: the host is away" >&2
    exit 7
fi
case "$name" in
runuser) shift 3; exec "$@" ;;
timeout) shift; exec "$@" ;;
id) echo 0 ;;
git)
    case "$*" in
    *rev-parse*) [ -d "$GIT_CLONES" ] ;;
    clone*) mkdir -p "$GIT_CLONES/deploy/aws" && ln -s "$INSTALL" "$GIT_CLONES/deploy/aws/install.sh" ;;
    esac ;;
esac
"""


@dataclass
class System:
    """A system whose programs are fakes, below a folder."""

    path: Path
    environ: dict[str, str]

    @property
    def calls(self) -> list[str]:
        log = self.path / "calls"
        return log.read_text().splitlines() if log.exists() else []

    def fail(self, name: str, times: int) -> None:
        """Let a program fail so often, and then work."""
        (self.path / "failures" / name).write_text("fail\n" * times)

    def run(self, *command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        environ = {**self.environ, **more}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def system(tmp_path: Path) -> System:
    names = (
        "apt-get",
        "chown",
        "git",
        "id",
        "install.sh",
        "make",
        "runuser",
        "shutdown",
        "sleep",
        "systemctl",
        "timeout",
        "aws",
    )
    bin_folder = tmp_path / "bin"
    for folder in (bin_folder, tmp_path / "failures"):
        folder.mkdir()
    for name in names:
        (bin_folder / name).write_text(FAKE)
        (bin_folder / name).chmod(0o755)
    environ = {
        "PATH": f"{bin_folder}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "FAILURES": str(tmp_path / "failures"),
        "GIT_CLONES": str(tmp_path / "checkout"),
        "INSTALL": str(bin_folder / "install.sh"),
        "TMPDIR": str(tmp_path),
    }
    return System(tmp_path, environ)


@pytest.mark.parametrize(
    ("setting", "code", "status", "is_off"),
    [
        ("yes", "exited", "0", True),
        ("no", "exited", "0", False),
        ("", "exited", "0", False),
        ("yes", "exited", "75", False),
        ("yes", "exited", "78", False),
        ("yes", "exited", "1", False),
        ("yes", "killed", "TERM", False),
        ("yes", "dumped", "0", False),
    ],
)
def test_machine_is_switched_off_after_success_alone(
    system: System, setting: str, code: str, status: str, is_off: bool
) -> None:
    """Not after a stop, a failure or a run that needs a change; five minutes are left to somebody who is there."""
    done = system.run(AWS / "poweroff.sh", IMPULSE_POWEROFF=setting, EXIT_CODE=code, EXIT_STATUS=status)
    assert done.returncode == 0, done.stderr
    expected = ["shutdown -P +5 impulse is done; shutdown -c keeps this machine on"] if is_off else []
    assert system.calls == expected


def test_install_puts_everything_where_the_unit_expects_it(system: System) -> None:
    """Unit, limits of the journal, and a copy of the script that runs as root; the environment is closed; twice is as once."""
    checkout, etc = system.path / "own", system.path / "system" / "etc" / "impulse"
    etc.mkdir(parents=True)
    (etc / "collect.env").write_text("IMPULSE_POWEROFF=yes\n")
    shutil.copytree(AWS, checkout / "deploy" / "aws")
    unit = checkout / "deploy" / "aws" / UNIT.name
    unit.write_text(unit.read_text().replace(unit_settings()["WorkingDirectory"], str(checkout)))
    for _ in range(2):
        done = system.run(checkout / "deploy" / "aws" / "install.sh", DESTDIR=str(system.path / "system"))
        assert done.returncode == 0, done.stderr
    root = system.path / "system"
    assert (root / "etc/systemd/system" / UNIT.name).read_text() == unit.read_text()
    command = unit_settings()["ExecStopPost"]
    assert command.startswith("-+"), "it may fail, and runs as root"
    assert (root / command.removeprefix("-+/")).read_text() == (AWS / "poweroff.sh").read_text()
    assert os.access(root / command.removeprefix("-+/"), os.X_OK)
    limits = (root / "etc/systemd/journald.conf.d/impulse.conf").read_text().splitlines()
    assert {"[Journal]", "SystemMaxUse=500M", "MaxRetentionSec=90day"} <= set(limits)
    assert (etc / "collect.env").stat().st_mode & 0o777 == 0o600
    half = len(system.calls) // 2
    assert system.calls[:half] == system.calls[half:]
    assert system.calls[-1] == f"systemctl restart {UNIT.name}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    tool("curl")
    with Receiver() as server:
        yield server


@pytest.fixture
def first_boot(system: System) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Runs the script of the user data, with its paths below the system's folder."""
    files = yaml.safe_load((AWS / "user-data.yaml").read_text())["write_files"]
    (script,) = (entry["content"] for entry in files if entry["path"] == "/usr/local/sbin/impulse-first-boot")
    for path, own in (
        ("/etc/impulse/collect.env", "collect.env"),
        ("/srv/impulse/checkout", "checkout"),
        ("/dev/console", "console"),
    ):
        assert path in script
        script = script.replace(path, str(system.path / own))
    (system.path / "console").touch()
    (system.path / "first-boot").write_text(script)
    (system.path / "first-boot").chmod(0o755)

    def run(notify: str) -> subprocess.CompletedProcess[str]:
        (system.path / "collect.env").write_text(f'AWS_DEFAULT_REGION=eu-central-1\nIMPULSE_NOTIFY="{notify}"\n')
        return system.run(system.path / "first-boot", "https://example.org/me/impulse", "v1.0")

    return run


Boot = Callable[[str], subprocess.CompletedProcess[str]]


def test_script_of_the_first_boot_passes_shellcheck(first_boot: Boot, system: System) -> None:
    """As it stands in the user data."""
    done = subprocess.run(["shellcheck", str(system.path / "first-boot")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_first_boot_outlives_what_is_away_for_a_while(first_boot: Boot, system: System) -> None:
    """A host of git and an index that fail at first cost waits that grow; nobody is told, the console has each failure."""
    system.fail("timeout", 2)
    system.fail("install.sh", 3)
    done = first_boot("")
    assert done.returncode == 0, done.stderr
    assert [call for call in system.calls if call.startswith("sleep")] == [
        f"sleep {seconds}" for seconds in (15, 60, 15, 60, 240)
    ]
    assert "git -C " + str(system.path / "checkout") + " checkout --quiet --detach v1.0" in system.calls
    console = (system.path / "console").read_text()
    assert console.count("cloning https://example.org/me/impulse failed: timeout: the host is away") == 2
    assert console.count("installing impulse failed: install.sh: the host is away") == 3


@pytest.mark.parametrize("name", ["timeout", "install.sh", "git-checkout"])
def test_first_boot_that_fails_says_so(first_boot: Boot, system: System, receiver: Receiver, name: str) -> None:
    """The reason is on the console and reaches the receiver, whose address is in no command line and on no console."""
    system.fail(name, 99)
    done = first_boot(f"{receiver.url}/hook-of-a-secret")
    assert done.returncode == 1
    reason = "has no v1.0" if name == "git-checkout" else "the host is away"
    (body,) = receiver.bodies
    assert reason in body["text"]
    assert body["state"] == "blocked"
    console = (system.path / "console").read_text()
    assert reason in console
    assert "is given up" in console
    assert not any("hook-of-a-secret" in text for text in (console, done.stderr, done.stdout, *system.calls))


def test_first_boot_tells_a_command(first_boot: Boot, system: System) -> None:
    """Such as that of SNS; a command that fails is said on the console."""
    system.fail("install.sh", 99)
    assert first_boot("aws sns publish --message file:///dev/stdin").returncode == 1
    assert system.calls[-1] == "aws sns publish --message file:///dev/stdin"
    assert "nobody could be told" not in (system.path / "console").read_text()
    system.fail("install.sh", 99)
    system.fail("aws", 1)
    assert first_boot("aws sns publish --message file:///dev/stdin").returncode == 1
    assert "nobody could be told" in (system.path / "console").read_text()


def test_rendered_settings_reach_the_environment_file() -> None:
    """What is to be told and whether the machine is switched off; a URL, which is a secret, is refused."""

    def render(**more: str) -> subprocess.CompletedProcess[str]:
        command = [str(AWS / "render.sh"), "https://example.org/me/impulse", "v1.2.0", "eu-central-1"]
        return subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)

    notify = "aws sns publish --topic-arn arn:aws:sns:eu-central-1:123456789012:impulse --message file:///dev/stdin"
    data: dict[str, Any] = yaml.safe_load(render(IMPULSE_NOTIFY=notify, IMPULSE_POWEROFF="yes").stdout)
    lines = data["write_files"][0]["content"].splitlines()
    assert f'IMPULSE_NOTIFY="{notify}"' in lines
    assert "IMPULSE_POWEROFF=yes" in lines
    assert notify in (ROOT / "deploy" / "README.md").read_text().replace("ACCOUNT", "123456789012")
    lines = yaml.safe_load(render().stdout)["write_files"][0]["content"].splitlines()
    assert {'IMPULSE_NOTIFY=""', "IMPULSE_POWEROFF=no"} <= set(lines)
    for wrong in ({"IMPULSE_NOTIFY": "https://secret"}, {"IMPULSE_NOTIFY": "a|b"}, {"IMPULSE_POWEROFF": "true"}):
        done = render(**wrong)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
        assert "secret" not in done.stderr.replace("a secret", "")
