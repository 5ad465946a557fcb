"""Packages for tests of the installation."""

from __future__ import annotations

import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str) -> Path:
    """Write a package of one empty module."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path


def write_to_index(folder: Path, name: str, version: str) -> Path:
    """Write the same into a folder that is an index of packages, with this one release."""
    (folder / name).mkdir(parents=True)
    wheel = write_wheel(folder / name, name, version)
    (folder / name / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    return wheel
