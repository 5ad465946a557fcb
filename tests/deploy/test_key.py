"""The key from a Systems Manager of our own, which speaks its protocol over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from impulse.errors import ConfigError, StageError
from impulse.long_run.key import KEY_VARIABLE, PARAMETER_VARIABLE, key_variables

SECRET = "s3cret-of-the-parameter-5e0d"


class FakeParameters(BaseHTTPRequestHandler):
    """GetParameter for one parameter and one that the role may not read."""

    asked: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
        self.asked.append(body)
        errors = {"/impulse/denied": "AccessDeniedException", "/impulse/key": None}
        error = errors.get(body["Name"], "ParameterNotFound")
        value = f"{SECRET}\n" if body.get("WithDecryption") else "encrypted"
        answer = {"__type": error, "message": "no"} if error else {"Parameter": {"Name": body["Name"], "Value": value}}
        data = json.dumps(answer).encode()
        self.send_response(400 if error else 200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The environment of a machine whose parameter is on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeParameters)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name, value in {
        "AWS_ENDPOINT_URL_SSM": f"http://127.0.0.1:{server.server_address[1]}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield {PARAMETER_VARIABLE: "/impulse/key", "AWS_DEFAULT_REGION": "eu-central-1"}
    server.shutdown()
    thread.join()
    server.server_close()


def test_key_comes_decrypted_and_without_line_end(environ: dict[str, str]) -> None:
    """The value of the parameter is the key."""
    assert key_variables(environ) == {KEY_VARIABLE: SECRET}


def test_key_of_the_environment_has_precedence(environ: dict[str, str]) -> None:
    """Nobody is asked when the key is there, or when no parameter is named."""
    FakeParameters.asked.clear()
    assert key_variables({**environ, KEY_VARIABLE: "here"}) == {}
    assert key_variables({**environ, PARAMETER_VARIABLE: ""}) == {}
    assert FakeParameters.asked == []


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({PARAMETER_VARIABLE: "/impulse/none"}, ConfigError, "there is no parameter /impulse/none in eu-central-1"),
        ({PARAMETER_VARIABLE: "/impulse/denied"}, StageError, "cannot be read with this role"),
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
