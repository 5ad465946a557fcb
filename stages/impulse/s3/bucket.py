"""Objects of S3 or of another store that speaks its protocol.

A content is one object, written by one put, which a store takes whole or not at all; so nothing half-written ever has a
key, and there is nothing to clean up. ``AWS_ENDPOINT_URL`` names a store other than that of AWS.
"""

from __future__ import annotations

import base64
import hashlib
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError

from impulse.errors import BucketMissing, ObjectMissing, StageError
from impulse.s3.credentials import S3Settings, connect
from impulse.s3.failures import code_of, configuration_errors, is_missing, store_errors
from impulse.s3.url import S3Url

TRIES = 2
"""Attempts of a call, and of a call whose connection broke; a store that is gone must not keep a run waiting."""
CONNECT_SECONDS = 5
READ_SECONDS = 30
MAX_BACKOFF_SECONDS = 8.0
CONNECTIONS = 64
"""Calls that may be under way at a time."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing shows it."""

    bytes: int
    etag: str
    """Changes with the content; the MD5 in hexadecimal where one put wrote the object without a key of its own."""


class S3Bucket:
    """A storage whose contents are the objects below a prefix of a bucket. Any thread may call it; close it in the end.

    It lists once and then keeps account itself, for a call for each replay would take minutes in a large group.
    """

    def __init__(
        self,
        place: S3Url,
        *,
        settings: S3Settings | None = None,
        listed: str | None = None,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Make ready; the first call goes out with the first use.

        Args:
            place: bucket and prefix; nothing outside is read or written.
            settings: credentials, region and endpoint; None takes what the AWS chain says.
            listed: start of the names that are listed, in folders too; None lists what lies right below the prefix.
            tries: attempts of a call.
            sleep: waits between two attempts.

        Raises:
            StoreUnusable: the settings of AWS on this machine cannot be used.
        """
        self.place = place
        self._names_start = listed
        self._tries = tries
        self._sleep = sleep
        self._objects: dict[str, ListedObject] | None = None
        with configuration_errors(place.address("")):
            made = connect(
                settings or S3Settings(),
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                max_pool_connections=CONNECTIONS,
                retries={"mode": "standard", "total_max_attempts": tries},
                # Content-MD5 is sent, which every store checks; not every one knows the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
        self._client = made.client
        self._has_credentials = made.has_credentials

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def endpoint(self) -> str:
        """Address of the store that is asked."""
        return str(self._client.meta.endpoint_url)

    def objects(self, *, again: bool = False) -> Mapping[str, ListedObject]:
        """Return every object by its name below the prefix: first those that were listed, sorted, then those written since.

        Args:
            again: ask the store, although it was asked before.

        Raises:
            BucketMissing: there is no such bucket.
            StageError: it cannot be reached, or refuses the credentials.
        """
        return self._known(again=again)

    def size(self, name: str) -> int | None:
        """Return the bytes of an object, None when there is none."""
        found = self.objects().get(name)
        return None if found is None else found.bytes

    def stamp(self, name: str) -> tuple[int | str, ...] | None:
        """Return bytes and ETag of an object, None when there is none; another content has another ETag."""
        found = self.objects().get(name)
        return None if found is None else (found.bytes, found.etag)

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
        with self._errors(name):
            for attempt in range(1, self._tries + 1):
                try:
                    content: bytes = self._client.get_object(**self._at(name), **wanted)["Body"].read()
                except (ReadTimeoutError, ResponseStreamingError, IncompleteReadError):
                    # The call itself was tried again where it failed; a body that breaks off is not.
                    if attempt == self._tries:
                        raise
                    self._sleep(min(MAX_BACKOFF_SECONDS, 2.0**attempt) * random.random())
                except ClientError as error:
                    if limit is not None and code_of(error) in ("InvalidRange", "416"):
                        return b""  # stores refuse a range of an empty object
                    if code_of(error) in ("PreconditionFailed", "412"):
                        raise ObjectMissing(
                            f"{self.address(name)}: the object has changed since it was listed"
                        ) from error
                    if is_missing(error):
                        raise self._what_is_missing(name) from error
                    raise
                else:
                    return content
        raise AssertionError("every attempt returns or raises")

    def write(self, name: str, content: bytes) -> bool:
        """Put an object and ask the store what it holds now; False when it held this very content before.

        Raises:
            StageError: the store refuses, is gone, or holds something else.
        """
        objects = self._known()
        digest = hashlib.md5(content, usedforsecurity=False)
        with self._errors(name):
            if self._holds(name, content, digest.hexdigest()):
                return False
            checksum = base64.b64encode(digest.digest()).decode()
            self._client.put_object(**self._at(name), Body=content, ContentMD5=checksum)
            head = self._client.head_object(**self._at(name))
        objects[name] = ListedObject(head["ContentLength"], _etag(head))
        if head["ContentLength"] != len(content) or (
            _md5_of(head) != digest.hexdigest() and self.read(name) != content
        ):
            self.remove(name)
            raise StageError(f"{self.address(name)}: the store holds other bytes than were sent; the object is removed")
        return True

    def remove(self, name: str) -> None:
        """Remove an object; one that is not there is fine."""
        if self._known().pop(name, None) is not None:
            with self._errors(name):
                self._client.delete_object(**self._at(name))

    def address(self, name: str) -> str:
        """Return the s3 address of an object."""
        return self.place.address(name)

    def _errors(self, name: str) -> AbstractContextManager[None]:
        return store_errors(self.address(name), has_credentials=self._has_credentials)

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.place.bucket, "Key": self.place.key(name)}

    def _known(self, *, again: bool = False) -> dict[str, ListedObject]:
        if self._objects is None or again:
            self._objects = self._listed()
        return self._objects

    def _listed(self) -> dict[str, ListedObject]:
        start = self.place.key("")
        found: dict[str, ListedObject] = {}
        asked = {"Bucket": self.place.bucket, "Prefix": start + (self._names_start or "")}
        if self._names_start is None:
            asked["Delimiter"] = "/"
        with self._errors(""):
            while True:
                page = self._client.list_objects_v2(**asked)
                for entry in page.get("Contents", ()):
                    found[entry["Key"][len(start) :]] = ListedObject(entry["Size"], _etag(entry))
                if not page.get("IsTruncated"):
                    return dict(sorted(found.items()))
                asked["ContinuationToken"] = page["NextContinuationToken"]

    def _holds(self, name: str, content: bytes, md5: str) -> bool:
        """Tell whether an object has this content, by its size and its MD5; it is read where the store gives no MD5."""
        found = self._known().get(name)
        if found is None or found.bytes != len(content):
            return False
        if found.etag == md5:
            return True
        given = _md5_of(self._client.head_object(**self._at(name)))
        return self.read(name) == content if given is None else given == md5

    def _what_is_missing(self, name: str) -> StageError:
        """Tell a missing object from a missing bucket, which not every store does by itself."""
        try:
            self._client.head_bucket(Bucket=self.place.bucket)
        except ClientError as error:
            if is_missing(error):
                return BucketMissing(f"{self.address(name)}: the bucket does not exist; check its name")
        return ObjectMissing(f"{self.address(name)}: there is no such object")


def _etag(entry: Mapping[str, Any]) -> str:
    return str(entry.get("ETag", "")).strip('"')


def _md5_of(head: Mapping[str, Any]) -> str | None:
    """Return the MD5 that a store gives as ETag; with keys of KMS or of the caller it is something else."""
    is_plain = head.get("ServerSideEncryption", "AES256") == "AES256" and not head.get("SSECustomerAlgorithm")
    return _etag(head) if is_plain and re.fullmatch(r"[0-9a-f]{32}", _etag(head)) else None
