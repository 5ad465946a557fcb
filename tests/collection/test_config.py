from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impulse.collection import CollectionConfig
from impulse.collection.answers import retry_after
from impulse.collection.config import DEFAULT_BASE_URL
from impulse.config.fetch import FetchParams
from impulse.errors import AuthError, ConfigError

SETTINGS: dict[str, Any] = {"ballchasing_api_key": "s3cret", "aws_region": "us-east-1", "s3_bucket_name": "bucket"}


def test_environment_has_precedence_over_the_file(tmp_path: Path) -> None:
    """Variables come from .env, and from the environment where both have one."""
    (tmp_path / ".env").write_text(
        "BALLCHASING_API_KEY='file-key'\nexport AWS_REGION=eu-west-1 # here\nS3_BUCKET_NAME=b\n"
    )
    environ = {"AWS_REGION": "us-east-1", "S3_PREFIX": "a/b", "BALLCHASING_BASE_URL": "http://127.0.0.1:9/api/"}
    config = CollectionConfig.from_env(tmp_path / ".env", environ=environ)
    assert config.ballchasing_api_key == "file-key"
    assert (config.aws_region, config.s3_bucket_name, config.s3_prefix) == ("us-east-1", "b", "a/b")
    assert config.base_url == "http://127.0.0.1:9/api"


def test_missing_key_says_where_it_belongs(tmp_path: Path) -> None:
    """Without a key the message names the variable and the file."""
    with pytest.raises(AuthError, match=r"BALLCHASING_API_KEY.*\.env"):
        CollectionConfig.from_env(tmp_path / ".env", environ={})


def test_key_is_not_shown() -> None:
    """Neither repr nor str nor a refusal shows the key."""
    config = CollectionConfig(**SETTINGS, database_path="./my.db", rate_limit_per_hour=200)
    assert "s3cret" not in f"{config!r} {config}"
    assert config.base_url == DEFAULT_BASE_URL
    with pytest.raises(AuthError) as caught:
        CollectionConfig("s3cret\nX-Evil: 1")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/api",
        "host/api",
        "http://example.org/api",
        "https://user:pw@host/api",
        "https://user:pw@host:port/api",
        "https://h:x/",
        "https://h/?a=1",
    ],
)
def test_unsafe_base_url_is_refused(url: str) -> None:
    """The key goes to a proper origin, encrypted unless it stays on this machine."""
    for build, name in ((CollectionConfig, "base_url"), (FetchParams, "fetch.base_url")):
        with pytest.raises(ConfigError, match=f"^{name}: ") as caught:
            build(**(SETTINGS if build is CollectionConfig else {}), base_url=url)
        assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("-1", None),
        ("soon", None),
        ("86400", 3600.0),
        ("", None),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("3, 7", 7.0),
        ("9" * 400, None),
        ("Tue, 14 Nov 2023 22:13:30 GMT", 10.0),
        ("Tuesday, 14-Nov-23 22:13:30 GMT", 10.0),
        ("Tue Nov 14 22:13:30 2023", 10.0),
        ("Tue, 14 Nov 2023 22:13:30 GMT, 5", 10.0),
        ("Tue, 14 Nov 2000 22:13:30 GMT", None),
    ],
)
def test_retry_after_is_taken_when_it_makes_sense(value: str | None, seconds: float | None) -> None:
    """Seconds and dates in all forms of HTTP are honoured, up to an hour; everything else is as good as absent."""
    assert retry_after(value, now=1_700_000_000.0) == seconds
