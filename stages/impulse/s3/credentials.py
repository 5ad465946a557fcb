"""Who asks a store: the variables of AWS, what a DVC remote says, and the client that is made of both.

botocore's usual chain (environment, profile, assumed role, machine's role, configuration file) finds credentials, region and
endpoint for everything that reads or writes a bucket.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from impulse.s3.env_file import read_env_file

ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
PROFILE = "AWS_PROFILE"
CREDENTIALS = (ACCESS_KEY, SECRET_KEY, TOKEN, PROFILE)
HOW_TO_SET = f"set {ACCESS_KEY} and {SECRET_KEY}, or {PROFILE}, or use a role"
CHECKSUMS = ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True, slots=True)
class S3Settings:
    """What is set for one store; None leaves it to the AWS chain."""

    profile: str | None = None
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    verify: bool | str | None = None
    """False trusts any certificate; a text is the file of authorities that are trusted."""
    use_ssl: bool = True
    """Where no endpoint says it."""
    is_anonymous: bool = False
    has_customer_key: bool = False
    """Objects are encrypted with a key of the customer's own."""

    @classmethod
    def of_dvc(cls, arguments: Mapping[str, Any]) -> S3Settings:
        """Return the settings of a DVC remote from what it gives to its file system."""
        client = arguments.get("client_kwargs", {})
        return cls(
            profile=arguments.get("profile"),
            endpoint=client.get("endpoint_url"),
            region=client.get("region_name"),
            access_key=arguments.get("key"),
            secret_key=arguments.get("secret"),
            session_token=arguments.get("token"),
            verify=client.get("verify"),
            use_ssl=arguments.get("use_ssl", True),
            is_anonymous=bool(arguments.get("anon")),
            has_customer_key="SSECustomerKey" in arguments.get("s3_additional_kwargs", {}),
        )

    def __repr__(self) -> str:
        """Show no key."""
        return f"S3Settings(profile={self.profile!r}, endpoint={self.endpoint!r}, region={self.region!r})"


@dataclass(frozen=True, slots=True)
class Connection:
    """A client of botocore, and what it found."""

    client: Any
    has_credentials: bool
    """Without any, calls go out unsigned."""
    verify: bool | str | None
    """As in the settings; where they say nothing, the file of authorities that the environment names."""


def connect(settings: S3Settings, **config: Any) -> Connection:  # noqa: ANN401  (options of botocore)
    """Return a client for S3; nothing is sent to the store yet. Close its client.

    Args:
        settings: what is set.
        config: timeouts, retries and the like, as botocore's ``Config`` names them.

    Raises:
        BotoCoreError: the AWS configuration cannot be used, for example a profile that does not exist.
        ValueError: the endpoint is no URL.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    session = _session(settings)
    found = None if settings.is_anonymous else session.get_credentials()
    verify = settings.verify
    if verify is None:
        verify = session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    client = session.create_client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        use_ssl=settings.use_ssl,
        verify=verify,
        config=Config(**config, **({} if found else {"signature_version": UNSIGNED})),
    )
    return Connection(client, bool(found), verify)


def credentials_of(settings: S3Settings) -> Any:  # noqa: ANN401  (botocore has no types)
    """Return the credentials that :func:`connect` signs with, which renew themselves; None when there are none.

    Raises:
        BotoCoreError: as for :func:`connect`.
    """
    return None if settings.is_anonymous else _session(settings).get_credentials()


def _session(settings: S3Settings) -> Any:  # noqa: ANN401  (botocore has no types)
    from botocore.session import Session

    session = Session(profile=settings.profile)
    if settings.access_key:
        session.set_credentials(settings.access_key, settings.secret_key, settings.session_token)
    return session


def is_aws(endpoint: str) -> bool:
    """Tell whether an address is one of AWS."""
    return (urlsplit(endpoint).hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"))


def checksum_variables(endpoint: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which programs of AWS send and expect no newer checksums; none for AWS itself.

    Some stores refuse an upload with such a checksum. DVC has no setting for it.

    Args:
        endpoint: address of the store.
        environ: the environment; what it sets holds.
    """
    return {} if is_aws(endpoint) else {name: "when_required" for name in CHECKSUMS if not environ.get(name)}


def add_aws_variables(environ: MutableMapping[str, str], *, env_file: Path) -> None:
    """Put the variables of AWS that a file sets into an environment that lacks them, or has them empty.

    Credentials are taken from the one place or from the other, for parts of two do not fit together.

    Args:
        environ: the environment; worker processes inherit it, and nothing else passes a secret on.
        env_file: the file; none is fine.

    Raises:
        ConfigError: the file cannot be read.
    """
    has_credentials = any(environ.get(name, "").strip() for name in CREDENTIALS)
    for name, value in read_env_file(env_file).items():
        is_set = bool(environ.get(name, "").strip()) or (has_credentials and name in CREDENTIALS)
        if name.startswith("AWS_") and not is_set:
            environ[name] = value
