"""The make targets that fill .venv: they install what the lock names, whatever is newer, and leave everything else alone.

Packages, locks and index are made here, so that nothing is asked of a network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.install.wheels import write_to_index
from tests.paths import ROOT

UV = Path(sys.executable).with_name("uv")
"""Missing where .venv was made with pip alone; then pip is what is tried."""

BACKEND = """
import sys; sys.path.insert(0, {here!r})
from wheels import write_wheel
from pathlib import Path
def build_editable(folder, *_): return write_wheel(Path(folder), "impulse", "0.1.0").name
build_wheel = build_editable
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which `make install-dev` was called, then a package of the user's own installed, then `make install`."""
    root = tmp_path_factory.mktemp("install")
    checkout, newer, older = root / "checkout", root / "newer", root / "older"
    (checkout / "requirements").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", checkout)
    (checkout / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'impulse'\nversion = '0.1.0'\n"
    )
    (checkout / "backend.py").write_text(BACKEND.format(here=str(Path(__file__).parent)))
    locked = {name: write_to_index(older, name, "1.0") for name in ("alpha", "beta")}
    for name in ("alpha", "beta", "gamma"):
        write_to_index(newer, name, "2.0")
    lines = {
        name: f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for name, path in locked.items()
    }
    (checkout / "requirements" / "runtime.lock").write_text(lines["alpha"])
    (checkout / "requirements" / "dev.lock").write_text(lines["alpha"] + lines["beta"])
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "MAKE", "VIRTUAL_"))},
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": older.as_uri(),
        "PIP_EXTRA_INDEX_URL": newer.as_uri(),
        "UV_DEFAULT_INDEX": older.as_uri(),
        "UV_INDEX": newer.as_uri(),  # asked first
        "UV_CACHE_DIR": str(root / "cache"),
        "UV_NO_CONFIG": "1",
    }

    def run(*command: str) -> None:
        done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    make = ("make", f"PYTHON={sys.executable}", f"UV={UV if UV.is_file() else ''}", "-o", ".venv/.installer")
    (checkout / "requirements" / "installer.lock").touch()
    run(*make, "install-dev")
    run(".venv/bin/python", "-m", "pip", "install", "--quiet", "gamma")
    (checkout / "requirements" / "runtime.lock").touch()
    run(*make, "install")
    run(".venv/bin/python", "-m", "pip", "check")
    return checkout


def test_the_lock_decides_the_versions(installed: Path) -> None:
    """Newer releases change nothing, also where the index that is asked first has nothing but those."""
    assert versions(installed)["alpha"] == versions(installed)["beta"] == "1.0"


def test_impulse_itself_is_installed(installed: Path) -> None:
    """So that the snippets of the README run from any folder."""
    assert "impulse" in versions(installed)


def test_installing_the_runtime_takes_nothing_away(installed: Path) -> None:
    """Tools for tests and packages of the user's own stay where they are."""
    assert {"beta", "gamma"} <= set(versions(installed))


def test_every_lock_can_build_impulse_and_names_no_index() -> None:
    """Impulse is built without isolation, from what the lock brought."""
    for name in ("runtime", "dev", "torch"):
        text = (ROOT / "requirements" / f"{name}.lock").read_text()
        assert "\nhatchling==" in text
        assert "://" not in text


def versions(checkout: Path) -> dict[str, str]:
    """Return the installed packages."""
    folders = (checkout / ".venv" / "lib").glob("python3*/site-packages/*.dist-info")
    return dict(folder.name.removesuffix(".dist-info").split("-") for folder in folders)


def test_git_has_nothing_that_a_clone_makes_itself() -> None:
    """A tracked .venv, also a link called so, would stand in the way of every installation."""
    listed = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout == ""
