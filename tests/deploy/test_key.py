"""The key from a Systems Manager of our own, which speaks its protocol over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.deploy.fake_parameters import DENIED, NAME, FakeParameters

from impulse.collection.config import KEY_VARIABLE
from impulse.errors import ConfigError, StageError
from impulse.sharing.long_run.key import PARAMETER_VARIABLE, key_variables

SECRET = "s3cret-of-the-parameter-5e0d"


@pytest.fixture
def parameters() -> Iterator[FakeParameters]:
    with FakeParameters(f"{SECRET}\n") as server:
        yield server


@pytest.fixture
def environ(parameters: FakeParameters, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a machine whose parameter is on loopback."""
    for name, value in {
        "AWS_ENDPOINT_URL_SSM": parameters.url,
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return {PARAMETER_VARIABLE: NAME, "AWS_DEFAULT_REGION": "eu-central-1"}


def test_key_comes_decrypted_and_without_line_end(environ: dict[str, str]) -> None:
    """The value of the parameter is the key."""
    assert key_variables(environ) == {KEY_VARIABLE: SECRET}


def test_key_of_the_environment_has_precedence(parameters: FakeParameters, environ: dict[str, str]) -> None:
    """Nobody is asked when the key is there, or when no parameter is named."""
    assert key_variables({**environ, KEY_VARIABLE: "here"}) == {KEY_VARIABLE: "here"}
    assert key_variables({**environ, PARAMETER_VARIABLE: ""}) == {}
    assert parameters.asked == []


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({PARAMETER_VARIABLE: "/impulse/none"}, ConfigError, "there is no parameter /impulse/none in eu-central-1"),
        ({PARAMETER_VARIABLE: DENIED}, StageError, "cannot be read with this role"),
        ({"AWS_DEFAULT_REGION": ""}, ConfigError, "needs a region"),
    ],
    ids=["missing", "denied", "no-region"],
)
def test_parameter_that_cannot_be_read_is_one_line(
    environ: dict[str, str], change: dict[str, str], error: type[Exception], text: str
) -> None:
    """What somebody has to change is told apart from what may pass, such as a role that is not there yet."""
    with pytest.raises(error, match=text) as caught:
        key_variables({**environ, **change})
    assert "\n" not in str(caught.value)


def test_parameter_store_that_is_away_may_come_back(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection is no reason to give up for good."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1")
    with pytest.raises(StageError, match="cannot be read now"):
        key_variables(environ)
