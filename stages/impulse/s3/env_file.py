"""Variables of the environment, and of the file ``.env`` that git ignores."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream

from impulse.errors import ConfigError


def variables(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a file and of the environment, which has precedence; an empty variable counts as none.

    Args:
        env_file: the file; none is fine.
        environ: the environment.

    Raises:
        ConfigError: the file cannot be read.
    """
    given = {name: value for name, value in environ.items() if value.strip()}
    return {**read_env_file(env_file), **given}


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables that a file sets, without those that it leaves empty; none where there is no file.

    The file is UTF-8, with or without a byte order mark, with the line ends of any system: ``NAME=value``, ``export
    NAME=value``, quotes, comments and empty lines.

    Raises:
        ConfigError: it is something else. The message shows nothing of the file, which may hold secrets.
    """
    if not path.is_file():
        return {}
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            str(path), f"cannot be read ({error.strerror}); let the user of this program read it"
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(str(path), f"line {line} is not UTF-8; save the file as UTF-8") from error
    if "\0" in text:
        raise ConfigError(str(path), "is not UTF-8 but perhaps UTF-16; save the file as UTF-8")
    found: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text, newline="")):
        if binding.error or (
            binding.key is not None and not (binding.value is not None and binding.key.isidentifier())
        ):
            skipped = len(binding.original.string) - len(binding.original.string.lstrip())
            line = binding.original.line + binding.original.string[:skipped].count("\n")
            raise ConfigError(
                str(path), f"line {line} is not NAME=value, with the value in quotes where it holds quotes or #"
            )
        if binding.key is not None and binding.value and binding.value.strip():
            found[binding.key] = binding.value
    return found
