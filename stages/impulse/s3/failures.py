"""What went wrong with a store, in one line. No message of the AWS libraries holds a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from impulse.errors import BucketMissing, StageError, StoreUnusable, one_line
from impulse.s3.credentials import HOW_TO_SET

_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NotFound", "404"})
_REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401", "403"}
)


@contextmanager
def store_errors(address: str, *, has_credentials: bool = True) -> Iterator[None]:
    """Raise one of impulse's own errors in place of what the AWS libraries raise.

    Args:
        address: the bucket or object, for the message.
        has_credentials: credentials were found; without them a refusal is about their lack.

    Raises:
        BucketMissing: there is no such bucket.
        StageError: access is refused, or the store cannot be used now.
    """
    try:
        yield
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        raise _translated(address, error, has_credentials=has_credentials) from error


@contextmanager
def configuration_errors(address: str) -> Iterator[None]:
    """The same while a client is made, when nothing was sent to the store yet.

    Raises:
        StoreUnusable: the AWS configuration of this machine has to be changed first.
    """
    try:
        yield
    except PartialCredentialsError as error:
        raise StoreUnusable(f"{address}: {_no_credentials(error)}") from error
    except (BotoCoreError, ValueError) as error:  # a ValueError for an endpoint that is no URL
        raise StoreUnusable(f"{address}: the AWS configuration cannot be used ({one_line(error)})") from error


def code_of(error: ClientError) -> str:
    """Return the store's own word for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_missing(error: ClientError) -> bool:
    """Tell whether an error says that there is no such object or bucket; not every store says which."""
    return code_of(error) in _MISSING


def _translated(address: str, error: Exception, *, has_credentials: bool) -> StageError:
    if isinstance(error, NoCredentialsError):
        return StageError(f"{address}: {_no_credentials(error)}")
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if code_of(error) in _REFUSED or status in (401, 403):
            if not has_credentials:
                return StageError(f"{address}: {_no_credentials(error)}")
            return StageError(
                f"{address}: the store refuses access; check the credentials and what they allow ({one_line(error)})"
            )
        if code_of(error) == "NoSuchBucket":
            return BucketMissing(f"{address}: the bucket does not exist; check its name ({one_line(error)})")
    return StageError(f"{address}: the store cannot be used now, run again to go on ({one_line(error)})")


def _no_credentials(error: Exception) -> str:
    return f"no AWS credentials found; {HOW_TO_SET} ({one_line(error)})"
