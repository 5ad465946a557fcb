"""Places in buckets as texts: ``s3://bucket/prefix``. Needs no library of AWS, so that settings can be checked with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_SHAPE = re.compile(r"s3://(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:/(?P<prefix>[^\s?#*@:\\]*))?")


@dataclass(frozen=True, slots=True)
class S3Url:
    """A bucket, and what the keys in it start with."""

    bucket: str
    prefix: str = ""
    """Without slashes around it; empty for the whole bucket."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the place that a text names; a slash at its end means nothing.

        Raises:
            ValueError: it names none; the message does not repeat it, for it might hold a secret.
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            raise ValueError("must look like s3://bucket/prefix, without keys, ports and wildcards")
        prefix = (found["prefix"] or "").removesuffix("/")
        if any(part in ("", ".", "..") for part in prefix.split("/") if prefix):
            raise ValueError("must look like s3://bucket/prefix, each part of the prefix a name")
        return cls(found["bucket"], prefix)

    def key(self, name: str) -> str:
        """Return the key of an object below this place."""
        return f"{self.prefix}/{name}" if self.prefix else name

    def address(self, name: str) -> str:
        """Return an object below this place as text."""
        return f"s3://{self.bucket}/{self.key(name)}"

    def contains(self, other: S3Url) -> bool:
        """Tell whether another place is this one or lies below it."""
        return self.bucket == other.bucket and f"{other.prefix}/".startswith(self.key(""))

    def __str__(self) -> str:
        """Return the place as text."""
        return f"s3://{self.bucket}/{self.prefix}".removesuffix("/")
