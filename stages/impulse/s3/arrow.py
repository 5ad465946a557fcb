"""Arrow's access to a bucket, which reads parts of Parquet files with the fewest requests.

Arrow finds fewer kinds of endpoints, proxies, authorities, regions and credentials than botocore, so they come from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies
from pyarrow import fs

from impulse.errors import StoreUnusable, one_line
from impulse.s3.credentials import Connection, S3Settings, connect, credentials_of, is_aws
from impulse.s3.failures import configuration_errors, store_errors

CONNECT_SECONDS = 5
READ_SECONDS = 60
TRIES = 3
OTHERWISE = "or `dvc pull` the dataset and open its folder"


class ArrowBucket:
    """Read access to a bucket, also in another process; credentials that end are replaced before they do."""

    def __init__(self, settings: S3Settings, options: Mapping[str, object]) -> None:
        """Keep what :func:`arrow_bucket` found; credentials are looked for with the first use."""
        self._settings, self._options = settings, options
        self._credentials: Any = None
        self._made: tuple[Any, fs.S3FileSystem] | None = None

    @property
    def filesystem(self) -> fs.S3FileSystem:
        """Arrow's file system, to open one file with: the next one may need other credentials.

        Raises:
            OSError: credentials cannot be found or renewed.
        """
        try:
            if self._made is None:
                self._credentials = credentials_of(self._settings)
            keys = self._credentials.get_frozen_credentials() if self._credentials else None
        except BotoCoreError as error:
            raise OSError(one_line(error)) from error  # as Arrow's own errors are
        if self._made is None or self._made[0] != keys:
            who = {"anonymous": True}
            if keys:
                who = {"access_key": keys.access_key, "secret_key": keys.secret_key, "session_token": keys.token}
            self._made = (
                keys,
                fs.S3FileSystem(
                    **self._options, **who, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES)
                ),
            )
        return self._made[1]

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out what this process found for itself."""
        return ArrowBucket, (self._settings, self._options)


def arrow_bucket(bucket: str, settings: S3Settings | None = None) -> ArrowBucket:
    """Return read access to a bucket. The store is not asked yet, but AWS is asked for the region of a bucket of its own.

    Args:
        bucket: its name.
        settings: what a DVC remote says.

    Raises:
        StoreUnusable: the AWS configuration has to be changed, for example a profile that does not exist, or it says what
            Arrow cannot do.
        StageError: AWS cannot be reached.
    """
    settings, name = settings or S3Settings(), f"s3://{bucket}"
    if settings.has_customer_key:
        raise StoreUnusable(f"{name}: Arrow reads no objects that sse_customer_key encrypts; leave it out, {OTHERWISE}")
    with configuration_errors(name):
        made = _connected(settings)
        with store_errors(name):
            if (region := _region_of(bucket, made)) != made.client.meta.region_name:
                made.client.close()
                made = _connected(replace(settings, region=region))
            address = _address_of(bucket, made)
        made.client.close()
    way = _way_to(bucket, address, made)
    return ArrowBucket(
        settings, {**way, "region": region, "connect_timeout": CONNECT_SECONDS, "request_timeout": READ_SECONDS}
    )


def _connected(settings: S3Settings) -> Connection:
    retries = {"mode": "standard", "total_max_attempts": TRIES}
    return connect(settings, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)


def _region_of(bucket: str, made: Connection) -> str:
    """Return the region of a bucket, which need not be the one that is configured; a store other than AWS is not asked."""
    configured = str(made.client.meta.region_name)
    if not is_aws(made.client.meta.endpoint_url):
        return configured
    try:
        answer = made.client.head_bucket(Bucket=bucket)
    except ClientError as error:  # a refusal has it, too
        answer = error.response
    return str(answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", configured))


class _Asked(Exception):
    """Carries the address of a request that is not sent."""


def _address_of(bucket: str, made: Connection) -> str:
    """Return what botocore asks for an object ``key`` of a bucket; nothing is sent."""

    def stop(request: Any, **_: object) -> None:  # noqa: ANN401  (botocore has no types)
        raise _Asked(request.url)

    made.client.meta.events.register_first("request-created.s3.HeadObject", stop)
    try:
        made.client.head_object(Bucket=bucket, Key="key")
    except _Asked as asked:
        return str(asked)
    raise AssertionError("every request has an address")


def _way_to(bucket: str, address: str, made: Connection) -> dict[str, object]:
    """Return the options of Arrow with which it asks where botocore does.

    Args:
        bucket: its name.
        address: of an object ``key`` in it, as botocore builds it.
        made: what built it.

    Raises:
        StoreUnusable: Arrow cannot do that.
    """
    parts = urlsplit(address)
    host, is_virtual = parts.netloc, not parts.path.endswith(f"/{bucket}/key")
    base = parts.path.removesuffix("/key" if is_virtual else f"/{bucket}/key")
    if is_virtual:
        host = host.removeprefix(f"{bucket}.")
    if parts.scheme == "https" and made.verify is False:
        raise StoreUnusable(
            f"s3://{bucket}: ssl_verify is false, but Arrow reads nothing from a store whose certificate is not checked; "
            f"set ssl_verify to the file of the authority that signed it, {OTHERWISE}"
        )
    proxy = ProxyConfiguration(get_environ_proxies(made.client.meta.endpoint_url)).proxy_url_for(address)
    return {
        "scheme": parts.scheme,
        "endpoint_override": host + base,
        "force_virtual_addressing": is_virtual,
        "proxy_options": proxy,
        "tls_ca_file_path": made.verify if isinstance(made.verify, str) else None,
    }
