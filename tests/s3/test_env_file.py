"""The file .env: in every form that editors write, and nothing of it in a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from impulse.collection import CollectionConfig
from impulse.errors import ConfigError
from impulse.s3.credentials import add_aws_variables
from impulse.s3.env_file import read_env_file

TEXT = (
    "# keys\nBALLCHASING_API_KEY='s3cret'\n\nexport AWS_ENDPOINT_URL=http://127.0.0.1:1 # here\nEMPTY=\nWIDE=\"a b\"\n"
)
FOUND = {"BALLCHASING_API_KEY": "s3cret", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "WIDE": "a b"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_every_form_of_the_file_is_read(tmp_path: Path, encoding: str, line_end: str) -> None:
    """With and without a byte order mark, with the line ends of any system, with export, quotes and comments."""
    path = tmp_path / ".env"
    path.write_bytes(TEXT.replace("\n", line_end).encode(encoding))
    assert read_env_file(path) == FOUND
    assert read_env_file(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TEXT.encode("utf-16"), "UTF-8"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        ("A=1\nB=s3crét\n".encode("latin-1"), "line 2 is not UTF-8"),
        (b"A=1\n\ns3cret\n", "line 3 is not NAME=value"),
        (b"A=1\nB='s3cret\n", "line 2 is not NAME=value"),
        (b"set A=s3cret\n", "line 1 is not NAME=value"),
        (b"A: s3cret\n", "line 1 is not NAME=value"),
    ],
    ids=["utf-16", "utf-16-le", "latin-1", "no name", "open quote", "set", "colon"],
)
def test_anything_else_is_one_line_without_a_secret(tmp_path: Path, data: bytes, said: str) -> None:
    """The line says where it is, not what is written there."""
    path = tmp_path / ".env"
    path.write_bytes(data)
    with pytest.raises(ConfigError, match=said) as caught:
        read_env_file(path)
    assert "s3cr" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_hides_nothing(tmp_path: Path, empty: str) -> None:
    """Else a key would be sent to the service that is the default instead of the one that the file names."""
    path = tmp_path / ".env"
    path.write_text(
        "BALLCHASING_API_KEY=s3cret\nBALLCHASING_BASE_URL=http://127.0.0.1:1/api\nAWS_ENDPOINT_URL=http://127.0.0.1:2\n"
    )
    environ = {
        "BALLCHASING_API_KEY": empty,
        "BALLCHASING_BASE_URL": empty,
        "AWS_ENDPOINT_URL": empty,
        "AWS_PROFILE": empty,
    }
    config = CollectionConfig.from_env(path, environ=environ)
    assert (config.ballchasing_api_key, config.base_url) == ("s3cret", "http://127.0.0.1:1/api")
    add_aws_variables(environ, env_file=path)
    assert environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:2"
