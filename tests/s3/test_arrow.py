"""Arrow's access to a bucket: it asks where botocore does, as botocore does, whatever the environment says."""

from __future__ import annotations

import pickle
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.local_server import LocalServer, QuietHandler

from impulse.errors import EXIT_CONFIG, StoreUnusable
from impulse.s3.arrow import ArrowBucket, arrow_bucket
from impulse.s3.credentials import S3Settings

CONTENT = b"0123456789"
REGION = "eu-west-3"
"""Where AWS has the bucket; what is configured is another one."""
VPC = "bucket.vpce-1a2b-3c4d.s3.eu-west-3.vpce.amazonaws.com"
HOSTS = [
    *(f"{start}s3{end}.amazonaws.com" for start in ("", "bucket.") for end in ("", f".{REGION}", ".us-west-2")),
    *(
        f"bucket.s3{kind}.{region}.amazonaws.com"
        for kind in ("-fips", ".dualstack")
        for region in (REGION, "us-west-2")
    ),
    *(VPC, f"bucket.{VPC}"),
]


class OneObject(QuietHandler):
    """Has one object, whatever is asked for; as a proxy, it is every host."""

    protocol_version = "HTTP/1.1"
    owner: Server

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.connection = self.owner.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_HEAD(self) -> None:
        is_plain = not isinstance(self.connection, ssl.SSLSocket)
        address = self.path if is_plain else f"https://{self.headers['Host']}{self.path}"
        if address.split("?")[0].endswith("/a"):
            self.owner.asked.append((address.split("?")[0], self.headers.get("Authorization", "").split("/")[0]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.send_header("x-amz-bucket-region", REGION)
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(CONTENT)


class Server(LocalServer):
    def __init__(self, certificate: Path, *, is_proxy: bool) -> None:
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate)
        super().__init__(OneObject, tls=None if is_proxy else self.tls)
        self.asked: list[tuple[str, str]] = []
        """Address of each object that was asked for, and the start of the signature, which names the key."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of 127.0.0.1 and of hosts of AWS, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    places = [x509.IPAddress(ip_address("127.0.0.1")), *map(x509.DNSName, HOSTS)]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(places), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture(autouse=True)
def no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without an account and without a proxy."""
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def endpoint(certificate: Path) -> Iterator[str]:
    """Address of a server with that certificate."""
    with Server(certificate, is_proxy=False) as server:
        yield server.url


def content_of(bucket: ArrowBucket) -> bytes:
    with bucket.filesystem.open_input_file("bucket/a") as file:
        content: bytes = file.read()
    return content


def read(settings: S3Settings) -> bytes:
    return content_of(arrow_bucket("bucket", settings))


def test_authority_of_the_settings_is_trusted(endpoint: str, certificate: Path, monkeypatch) -> None:
    """The file that a DVC remote names (ssl_verify), or that of AWS_CA_BUNDLE; without either it is not."""
    dvc = {"anon": True, "client_kwargs": {"endpoint_url": endpoint, "verify": str(certificate)}}
    assert read(S3Settings.of_dvc(dvc)) == CONTENT
    with pytest.raises(OSError, match="certificate"):
        read(S3Settings(endpoint=endpoint, is_anonymous=True))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    assert read(S3Settings(endpoint=endpoint, is_anonymous=True)) == CONTENT


@pytest.mark.parametrize(
    ("dvc", "what"),
    [
        ({"client_kwargs": {"endpoint_url": "https://127.0.0.1:9", "verify": False}}, "ssl_verify is false"),
        ({"s3_additional_kwargs": {"SSECustomerKey": b"x"}}, "Arrow reads no objects that sse_customer_key encrypts"),
    ],
    ids=["unchecked", "own key"],
)
def test_what_arrow_cannot_do_is_refused(dvc: dict[str, Any], what: str) -> None:
    """One line says so, and what to do."""
    with pytest.raises(StoreUnusable, match=rf"^s3://bucket: {what}.*`dvc pull`") as caught:
        read(S3Settings.of_dvc({"anon": True, **dvc}))
    assert caught.value.exit_code == EXIT_CONFIG


STORE = "http://store.example:9000"
CONFIGURATIONS = {
    "aws": ({}, "", REGION),
    "fips": ({"AWS_USE_FIPS_ENDPOINT": "true"}, "", REGION),
    "dual stack": ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "", REGION),
    "path style": ({}, "s3 =\n  addressing_style = path", REGION),
    "vpc": ({"AWS_ENDPOINT_URL_S3": f"https://{VPC}"}, "", REGION),
    "endpoint of s3": ({"AWS_ENDPOINT_URL_S3": "http://store.example", "AWS_ENDPOINT_URL": STORE}, "", None),
    "endpoint with a path": ({"AWS_ENDPOINT_URL": f"{STORE}/gate/s3"}, "", None),
    "endpoint of a file": ({}, f"services = here\n[services here]\ns3 =\n  endpoint_url = {STORE}", None),
    "virtual style": ({"AWS_ENDPOINT_URL": STORE}, "s3 =\n  addressing_style = virtual", None),
}


@pytest.fixture
def proxy(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A proxy that is every host, and an environment that leads through it."""
    with Server(certificate, is_proxy=True) as server:
        names = {"AWS_ACCESS_KEY_ID": "AKEY", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CA_BUNDLE": str(certificate)}
        for name, value in {**names, "HTTPS_PROXY": server.url, "http_proxy": server.url}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.mark.parametrize(("environment", "lines", "region"), CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_the_same_is_asked_as_by_botocore(
    environment: dict[str, str],
    lines: str,
    region: str | None,
    proxy: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Endpoint with its path, addressing style, FIPS, dual stack and VPC, through the proxy, in the bucket's own region."""
    (tmp_path / "AWS_CONFIG_FILE").write_text(f"[default]\nregion = us-west-2\n{lines}\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = botocore.session.Session().create_client("s3", region_name=region)
    assert client.get_object(Bucket="bucket", Key="a")["Body"].read() == CONTENT
    client.close()
    (expected,) = proxy.asked
    proxy.asked.clear()
    assert content_of(pickle.loads(pickle.dumps(arrow_bucket("bucket")))) == CONTENT
    assert set(proxy.asked) == {expected}


def test_a_store_that_needs_no_proxy_is_asked_itself(
    endpoint: str, certificate: Path, proxy: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What NO_PROXY names; the proxy hears nothing of it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert read(S3Settings(endpoint=endpoint)) == CONTENT
    assert proxy.asked == []


PROCESS = """#!/bin/sh
echo x >> "$0.calls"
printf '{"Version": 1, "AccessKeyId": "AKEY%s", "SecretAccessKey": "secret", "Expiration": "%s"}' \
    "$(wc -l < "$0.calls" | tr -d ' ')" "EXPIRATION"
"""


@pytest.mark.parametrize(("minutes", "number"), [(5, 2), (60, 1)], ids=["ending", "lasting"])
def test_credentials_that_end_are_renewed(
    proxy: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minutes: int, number: int
) -> None:
    """One that was opened asks for the next file with credentials that last; nothing of them is in what is pickled."""
    process = tmp_path / "process"
    ends = datetime.now(UTC) + timedelta(minutes=minutes)
    process.write_text(PROCESS.replace("EXPIRATION", ends.strftime("%Y-%m-%dT%H:%M:%SZ")))
    process.chmod(0o755)
    (tmp_path / "AWS_CONFIG_FILE").write_text(f"[default]\nregion = us-west-2\ncredential_process = {process}\n")
    monkeypatch.setenv("AWS_ENDPOINT_URL", STORE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    bucket = arrow_bucket("bucket")
    assert b"secret" not in pickle.dumps(bucket)
    assert content_of(bucket) == content_of(bucket) == CONTENT
    assert len({signed for _, signed in proxy.asked}) == number
