"""Storage in a bucket of S3 or of another store that speaks its protocol.

A content is one object, written by one put, which a store takes whole or not at all; so nothing half-written ever
stands under a key, and there is nothing to clean up. Credentials come from the usual AWS chain (environment, profile,
role) and are never seen here; ``AWS_ENDPOINT_URL`` names a store other than that of AWS.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiohttp import ClientError as BodyError
from botocore.exceptions import BotoCoreError, NoCredentialsError, PartialCredentialsError
from s3fs import S3FileSystem

from impulse.errors import StageError

TRIES = 2
"""Attempts of a call, and of a call whose connection broke; a store that is gone must not keep a run waiting."""
CONNECT_SECONDS = 5
READ_SECONDS = 30


class S3Bucket:
    """The objects right below a prefix of a bucket. Close it to close its connections.

    It lists once and then keeps account itself, for a call for each replay would take minutes in a large group.
    """

    def __init__(self, bucket: str, *, prefix: str = "", region: str | None = None) -> None:
        """Connect to a bucket; the first call goes out with :meth:`prepare`.

        Args:
            bucket: its name.
            prefix: start of every key, without slashes around it; nothing outside is read or written.
            region: region of the bucket; None takes what the AWS chain says.
        """
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._sizes: dict[str, int] | None = None
        self._files = S3FileSystem(
            anon=False,
            client_kwargs={"region_name": region} if region else {},
            config_kwargs={
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"mode": "standard", "total_max_attempts": TRIES},
                # Content-MD5 is sent, which every store checks; not every one knows the newer checksums.
                "request_checksum_calculation": "when_required",
                "response_checksum_validation": "when_required",
            },
            use_listings_cache=False,
            skip_instance_cache=True,  # another call may come with other credentials or another endpoint
        )
        self._files.retries = TRIES

    def close(self) -> None:
        """Close the connections."""
        if self._files._s3 is not None:
            self._files.close_session(self._files.loop, self._files._s3creator)

    def prepare(self) -> None:
        """List anew what is there.

        Raises:
            StageError: the bucket does not exist, cannot be reached or refuses the credentials.
        """
        self._sizes = None
        self._listed()

    def size_of(self, name: str) -> int | None:
        """Return the size of an object, None when there is none."""
        return self._listed().get(name)

    def read(self, name: str, limit: int | None = None) -> bytes:
        """Return the bytes of an object, or its first ones."""
        size = self._listed().get(name)
        if size == 0:
            return b""  # stores refuse a range of an empty object
        with _one_line(self.address(name)):
            content: bytes = self._files.cat_file(
                f"{self._bucket}/{self._key(name)}", start=0, end=size if limit is None else limit
            )
        return content

    def write(self, name: str, content: bytes) -> None:
        """Put an object and ask the store what it holds now.

        Raises:
            StageError: the store refuses, is gone, or holds something else.
        """
        place = {"Bucket": self._bucket, "Key": self._key(name)}
        digest = hashlib.md5(content, usedforsecurity=False)
        listed = self._listed()
        with _one_line(self.address(name)):
            checksum = base64.b64encode(digest.digest()).decode()
            self._files.call_s3("put_object", **place, Body=content, ContentMD5=checksum)
            head = self._files.call_s3("head_object", **place)
        listed[name] = head["ContentLength"]
        if head["ContentLength"] != len(content) or (
            _md5_of(head) != digest.hexdigest() and self.read(name) != content
        ):
            self.remove(name)
            raise StageError(f"{self.address(name)}: the store holds other bytes than were sent; the object is removed")

    def remove(self, name: str) -> None:
        """Remove an object."""
        if self._listed().pop(name, None) is not None:
            with _one_line(self.address(name)):
                self._files.call_s3("delete_object", Bucket=self._bucket, Key=self._key(name))

    def address(self, name: str) -> str:
        """Return the s3 address of an object."""
        return f"s3://{self._bucket}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"

    def _listed(self) -> dict[str, int]:
        """Return the size of every object right below the prefix, by name."""
        if self._sizes is not None:
            return self._sizes
        sizes: dict[str, int] = {}
        place = {"Bucket": self._bucket, "Prefix": self._prefix, "Delimiter": "/"}
        with _one_line(self.address("")):
            while True:
                page = self._files.call_s3("list_objects_v2", **place)
                sizes.update({entry["Key"][len(self._prefix) :]: entry["Size"] for entry in page.get("Contents", ())})
                if not page.get("IsTruncated"):
                    break
                place["ContinuationToken"] = page["NextContinuationToken"]
        self._sizes = sizes
        return sizes


@contextmanager
def _one_line(address: str) -> Iterator[None]:
    """Say in one line what went wrong. No message of the AWS libraries holds a secret."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StageError(
            f"{address}: no AWS credentials found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
            f"or AWS_PROFILE, or use a role ({_text(error)})"
        ) from error
    except PermissionError as error:
        raise StageError(
            f"{address}: the store refuses access; check the credentials, and that they may list, read, write "
            f"and delete objects ({_text(error)})"
        ) from error
    except FileNotFoundError as error:
        raise StageError(f"{address}: the bucket or object does not exist ({_text(error)})") from error
    except (OSError, BotoCoreError, BodyError, ValueError) as error:
        # botocore raises a bare ValueError for an endpoint that is no URL.
        raise StageError(f"{address}: the store cannot be used now, run again to go on ({_text(error)})") from error


def _md5_of(head: Mapping[str, Any]) -> str | None:
    """Return the MD5 that a store gives as ETag; with keys of KMS or of the caller it is something else."""
    tag = str(head.get("ETag", "")).strip('"')
    is_plain = head.get("ServerSideEncryption", "AES256") == "AES256" and not head.get("SSECustomerAlgorithm")
    return tag if is_plain and re.fullmatch(r"[0-9a-f]{32}", tag) else None


def _text(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
