"""Arrow's access to a bucket, which reads parts of Parquet files with the fewest requests."""

from __future__ import annotations

from urllib.parse import urlsplit

from pyarrow import fs

from impulse.errors import StoreUnusable
from impulse.s3.credentials import S3Settings, connect
from impulse.s3.failures import configuration_errors

CONNECT_SECONDS = 5
READ_SECONDS = 60
TRIES = 3


def arrow_filesystem(bucket: str, settings: S3Settings | None = None) -> fs.S3FileSystem:
    """Return read access to a bucket. The store is not asked yet, but AWS is asked for the region of a bucket of its own.

    Arrow finds fewer kinds of credentials, regions, endpoints and authorities than botocore, so they come from there.

    Args:
        bucket: its name, to find its region in AWS.
        settings: what a DVC remote says.

    Raises:
        StoreUnusable: the AWS configuration has to be changed, for example a profile that does not exist.
    """
    with configuration_errors(f"s3://{bucket}"):
        made = connect(settings or S3Settings())
        endpoint, region = made.client.meta.endpoint_url, made.client.meta.region_name
        made.client.close()
    if made.verify is False:
        raise StoreUnusable(
            f"s3://{bucket}: ssl_verify is false, but Arrow reads nothing from a store whose certificate is not checked; "
            "set ssl_verify to the file of the authority that signed it, or `dvc pull` the dataset and open its folder"
        )
    options: dict[str, object] = {"anonymous": True}
    if found := made.credentials:
        options = {"access_key": found.access_key, "secret_key": found.secret_key, "session_token": found.token}
    parts = urlsplit(endpoint)
    if (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        options |= {"region": _region_of(bucket, region)}
    else:
        options |= {"endpoint_override": parts.netloc, "scheme": parts.scheme, "region": region or "us-east-1"}
    return fs.S3FileSystem(
        **options,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=READ_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=TRIES),
        tls_ca_file_path=made.verify if isinstance(made.verify, str) else None,
    )


def _region_of(bucket: str, configured: str | None) -> str:
    """Return the region of a bucket in AWS, which need not be the one that is configured."""
    try:
        region: str = fs.resolve_s3_region(bucket)
    except OSError:
        return configured or "us-east-1"
    return region
