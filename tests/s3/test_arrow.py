"""Arrow's access to a bucket whose server has a certificate of its own."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.local_server import LocalServer, QuietHandler

from impulse.errors import EXIT_CONFIG, StoreUnusable
from impulse.s3.arrow import arrow_filesystem
from impulse.s3.credentials import S3Settings

CONTENT = b"0123456789"


class OneObject(QuietHandler):
    """Has one object, whatever is asked for."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(CONTENT)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Certificate and key of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def endpoint(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a server with that certificate, and an environment without another account."""
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(certificate.with_name("none")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with LocalServer(OneObject, tls=context) as server:
        yield server.url


def read(settings: S3Settings) -> bytes:
    with arrow_filesystem("bucket", settings).open_input_file("bucket/a") as file:
        content: bytes = file.read()
    return content


def test_authority_of_the_settings_is_trusted(endpoint: str, certificate: Path, monkeypatch) -> None:
    """The file that a DVC remote names (ssl_verify), or that of AWS_CA_BUNDLE; without either it is not."""
    dvc = {"anon": True, "client_kwargs": {"endpoint_url": endpoint, "verify": str(certificate)}}
    assert read(S3Settings.of_dvc(dvc)) == CONTENT
    with pytest.raises(OSError, match="certificate"):
        read(S3Settings(endpoint=endpoint, is_anonymous=True))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    assert read(S3Settings(endpoint=endpoint, is_anonymous=True)) == CONTENT


def test_store_that_nobody_checks_is_refused() -> None:
    """Arrow cannot leave the check out, so it says so and what to do."""
    with pytest.raises(StoreUnusable, match=r"^s3://bucket: ssl_verify is false, .*`dvc pull`") as caught:
        read(S3Settings(endpoint="https://127.0.0.1:9", is_anonymous=True, verify=False))
    assert caught.value.exit_code == EXIT_CONFIG
