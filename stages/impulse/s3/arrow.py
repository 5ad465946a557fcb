"""Read access to S3 and to other stores that speak its protocol.

Arrow reads Parquet with the fewest requests, but finds fewer kinds of credentials, regions and endpoints than botocore,
whose usual chain (environment, profile, assumed role, machine's role, configuration file) therefore decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError
from botocore.session import Session
from pyarrow import fs

from impulse.errors import DatasetError

CONNECT_SECONDS = 5
READ_SECONDS = 60
TRIES = 3


@dataclass(frozen=True, slots=True)
class S3Settings:
    """What a DVC remote says about its store; None leaves it to the AWS chain."""

    profile: str | None = None
    endpoint: str | None = None
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None
    session_token: str | None = None
    is_anonymous: bool = False

    def __repr__(self) -> str:
        """Show no key."""
        return f"S3Settings(profile={self.profile!r}, endpoint={self.endpoint!r}, region={self.region!r})"


@dataclass(frozen=True, slots=True)
class S3Access:
    """A file system, and whether credentials were found for it."""

    filesystem: fs.S3FileSystem
    has_credentials: bool

    def explain(self, url: str, error: OSError) -> str:
        """Return one line about a call that failed."""
        text = " ".join(str(error).split())
        if not self.has_credentials:
            return (
                f"{url}: no AWS credentials found, and the store gives nothing without; set AWS_ACCESS_KEY_ID and "
                f"AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or use a role ({text})"
            )
        return (
            f"{url}: the store cannot be read; check the address, and that the credentials may list and read ({text})"
        )


def access_to_s3(bucket: str, settings: S3Settings | None = None) -> S3Access:
    """Return read access to a bucket; nothing is sent to the store yet.

    Args:
        bucket: its name, to find its region in AWS.
        settings: what a DVC remote says.

    Raises:
        DatasetError: the AWS configuration is not usable, for example a profile that does not exist.
    """
    settings = settings or S3Settings()
    try:
        session = Session(profile=settings.profile)
        client = session.create_client("s3", endpoint_url=settings.endpoint, region_name=settings.region)
        endpoint, region = client.meta.endpoint_url, client.meta.region_name
        client.close()
        found = None if settings.is_anonymous or settings.access_key else session.get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except (BotoCoreError, ValueError) as error:  # a ValueError for an endpoint that is no URL
        raise DatasetError(f"s3://{bucket}: the AWS configuration cannot be used ({error})") from error
    options: dict[str, object] = {}
    if settings.access_key:
        options |= {"access_key": settings.access_key, "secret_key": settings.secret_key}
        options |= {"session_token": settings.session_token} if settings.session_token else {}
    elif frozen:
        options |= {"access_key": frozen.access_key, "secret_key": frozen.secret_key, "session_token": frozen.token}
    else:
        options |= {"anonymous": True}
    parts = urlsplit(endpoint)
    if (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        options |= {"region": _region_of(bucket, region)}
    else:
        options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme, "region": region or "us-east-1"}
    filesystem = fs.S3FileSystem(
        **options,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=READ_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
    )
    return S3Access(filesystem, has_credentials="access_key" in options)


def _region_of(bucket: str, configured: str | None) -> str:
    """Return the region of a bucket in AWS, which need not be the one that is configured."""
    try:
        region: str = fs.resolve_s3_region(bucket)
    except OSError:
        return configured or "us-east-1"
    return region
