"""Objects of S3 or of another store that speaks its protocol: listed, read, written, every failure told in one line.

A content is one object, written by one put, which a store takes whole or not at all; so nothing half-written ever
stands under a key, and there is nothing to clean up. Credentials come from the usual AWS chain (environment, profile,
role) and are never seen here; ``AWS_ENDPOINT_URL`` names a store other than that of AWS.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.session import Session

from impulse.errors import ObjectMissing, StageError
from impulse.s3.url import S3Url

TRIES = 2
"""Attempts of a call, and of a call whose connection broke; a store that is gone must not keep a run waiting."""
CONNECT_SECONDS = 5
READ_SECONDS = 30
MAX_BACKOFF_SECONDS = 8.0
CONNECTIONS = 64
"""Calls that may be under way at a time."""

_MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NotFound", "404"})
_REFUSED = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "401", "403"}
)


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing shows it."""

    bytes: int
    etag: str
    """Changes with the content; the MD5 in hexadecimal where one put wrote the object without a key of its own."""


class S3Bucket:
    """The objects below a prefix of a bucket. Any thread may call it; close it to close its connections.

    It lists once and then keeps account itself, for a call for each replay would take minutes in a large group.
    """

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        region: str | None = None,
        listed: str | None = None,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make ready; the first call goes out with the first use.

        Args:
            bucket: its name.
            prefix: start of every key, without slashes around it; nothing outside is read or written.
            region: region of the bucket; None takes what the AWS chain says.
            listed: start of the names that are listed, in folders too; None lists what lies right below the prefix.
            tries: attempts of a call.
            sleep: waits between two attempts.

        Raises:
            StageError: the settings of AWS on this machine cannot be used.
        """
        self._place = S3Url(bucket, prefix.strip("/"))
        self._names_start = listed
        self._tries = tries
        self._sleep = sleep
        self._objects: dict[str, ListedObject] | None = None
        with one_line(self.address("")):
            self._client = Session().create_client(
                "s3",
                region_name=region,
                config=Config(
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    max_pool_connections=CONNECTIONS,
                    retries={"mode": "standard", "total_max_attempts": tries},
                    # Content-MD5 is sent, which every store checks; not every one knows the newer checksums.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )

    @property
    def storage_url(self) -> None:
        """Whatever is written here stands together."""
        return

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def prepare(self) -> None:
        """List anew what is there.

        Raises:
            StageError: the bucket does not exist, cannot be reached or refuses the credentials.
        """
        self._objects = None
        self.objects()

    def objects(self) -> Mapping[str, ListedObject]:
        """Return every object by its name below the prefix, in the order of names."""
        if self._objects is None:
            self._objects = self._listed()
        return self._objects

    def size_of(self, name: str) -> int | None:
        """Return the size of an object, None when there is none."""
        found = self.objects().get(name)
        return None if found is None else found.bytes

    def holds(self, name: str, content: bytes) -> bool:
        """Tell whether an object has this content, by its size and by its MD5 where the store tells it."""
        found = self.objects().get(name)
        if found is None or found.bytes != len(content):
            return False
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if found.etag == digest:
            return True
        with one_line(self.address(name)):
            return _md5_of(self._client.head_object(**self._at(name))) in (None, digest)

    def read(self, name: str, limit: int | None = None, *, etag: str | None = None) -> bytes:
        """Return the bytes of an object, or its first ones.

        Args:
            name: the object.
            limit: so many bytes at most.
            etag: the content that is wanted and no other.

        Raises:
            ObjectMissing: there is no such object, or it has another content now.
            StageError: the bucket does not exist, cannot be reached or refuses the credentials.
        """
        wanted = {} if limit is None else {"Range": f"bytes=0-{limit - 1}"}
        if etag is not None:
            wanted["IfMatch"] = f'"{etag}"'
        with one_line(self.address(name)):
            for attempt in range(1, self._tries + 1):
                try:
                    content: bytes = self._client.get_object(**self._at(name), **wanted)["Body"].read()
                except (ReadTimeoutError, ResponseStreamingError, IncompleteReadError):
                    # The call itself was tried again where it failed; a body that breaks off is not.
                    if attempt == self._tries:
                        raise
                    self._sleep(min(MAX_BACKOFF_SECONDS, 2.0**attempt) * random.random())
                except ClientError as error:
                    if limit is not None and _code(error) in ("InvalidRange", "416"):
                        return b""  # stores refuse a range of an empty object
                    if _code(error) in ("PreconditionFailed", "412"):
                        raise ObjectMissing(
                            f"{self.address(name)}: the object has changed since it was listed"
                        ) from error
                    if _code(error) in _MISSING and self._is_bucket_there():
                        raise ObjectMissing(f"{self.address(name)}: there is no such object") from error
                    raise
                else:
                    return content
        raise AssertionError("every attempt returns or raises")

    def write(self, name: str, content: bytes) -> None:
        """Put an object and ask the store what it holds now.

        Raises:
            StageError: the store refuses, is gone, or holds something else.
        """
        digest = hashlib.md5(content, usedforsecurity=False)
        objects = self._known()
        with one_line(self.address(name)):
            checksum = base64.b64encode(digest.digest()).decode()
            self._client.put_object(**self._at(name), Body=content, ContentMD5=checksum)
            head = self._client.head_object(**self._at(name))
        objects[name] = ListedObject(head["ContentLength"], _etag(head))
        if head["ContentLength"] != len(content) or (
            _md5_of(head) != digest.hexdigest() and self.read(name) != content
        ):
            self.remove(name)
            raise StageError(f"{self.address(name)}: the store holds other bytes than were sent; the object is removed")

    def remove(self, name: str) -> None:
        """Remove an object."""
        if self._known().pop(name, None) is not None:
            with one_line(self.address(name)):
                self._client.delete_object(**self._at(name))

    def address(self, name: str) -> str:
        """Return the s3 address of an object."""
        return self._place.address(name)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._place.bucket, "Key": self._place.key(name)}

    def _known(self) -> dict[str, ListedObject]:
        self.objects()
        assert self._objects is not None
        return self._objects

    def _listed(self) -> dict[str, ListedObject]:
        start = self._place.key("")
        found: dict[str, ListedObject] = {}
        place = {"Bucket": self._place.bucket, "Prefix": start + (self._names_start or "")}
        if self._names_start is None:
            place["Delimiter"] = "/"
        with one_line(self.address("")):
            while True:
                page = self._client.list_objects_v2(**place)
                for entry in page.get("Contents", ()):
                    found[entry["Key"][len(start) :]] = ListedObject(entry["Size"], _etag(entry))
                if not page.get("IsTruncated"):
                    return dict(sorted(found.items()))
                place["ContinuationToken"] = page["NextContinuationToken"]

    def _is_bucket_there(self) -> bool:
        """Tell a missing object from a missing bucket, which not every store does by itself."""
        try:
            self._client.head_bucket(Bucket=self._place.bucket)
        except ClientError as error:
            return _code(error) not in _MISSING
        return True


@contextmanager
def one_line(address: str) -> Iterator[None]:
    """Raise a :class:`StageError` of one line for what went wrong. No message of the AWS libraries holds a secret."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StageError(
            f"{address}: no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            f"or AWS_PROFILE, or use a role ({_text(error)})"
        ) from error
    except ClientError as error:
        if _code(error) in _REFUSED or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in (401, 403):
            raise StageError(
                f"{address}: the store refuses access; check the credentials, and that they may list, read, write "
                f"and delete objects ({_text(error)})"
            ) from error
        if _code(error) in _MISSING:
            raise StageError(f"{address}: the bucket or object does not exist ({_text(error)})") from error
        raise StageError(f"{address}: the store cannot be used now, run again to go on ({_text(error)})") from error
    except (OSError, BotoCoreError, ValueError) as error:
        # botocore raises a bare ValueError for an endpoint that is no URL.
        raise StageError(f"{address}: the store cannot be used now, run again to go on ({_text(error)})") from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _etag(entry: Mapping[str, Any]) -> str:
    return str(entry.get("ETag", "")).strip('"')


def _md5_of(head: Mapping[str, Any]) -> str | None:
    """Return the MD5 that a store gives as ETag; with keys of KMS or of the caller it is something else."""
    is_plain = head.get("ServerSideEncryption", "AES256") == "AES256" and not head.get("SSECustomerAlgorithm")
    return _etag(head) if is_plain and re.fullmatch(r"[0-9a-f]{32}", _etag(head)) else None


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
