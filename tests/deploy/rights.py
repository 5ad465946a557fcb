"""Which rights calls to a store need on AWS, and a reader of IAM policies."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Right:
    """What a call needs: an action on a resource, and for lists the prefix that was asked for."""

    action: str
    resource: str
    prefix: str | None = None

    def is_granted_by(self, policy: dict[str, Any]) -> bool:
        return any(self._is_granted(statement) for statement in policy["Statement"])

    def _is_granted(self, statement: dict[str, Any]) -> bool:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if self.action not in actions or not any(fnmatch.fnmatchcase(self.resource, item) for item in resources):
            return False
        conditions = dict(statement.get("Condition", {}))
        prefixes = conditions.pop("StringLikeIfExists", {}).get("s3:prefix")
        assert not conditions, "this reader knows no other condition"
        # The condition is about calls that name a prefix; asking whether the bucket is there names none.
        is_free = prefixes is None or self.prefix is None
        return is_free or any(fnmatch.fnmatchcase(str(self.prefix), item) for item in prefixes)


def right_for(method: str, target: str) -> Right:
    """Return the right that a call needs (actions of Amazon S3, documentation read 2025-12)."""
    parts = urlsplit(target)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    resource = f"arn:aws:s3:::{bucket}" + (f"/{key}" if key else "")
    if not key:
        name = {"GET": "ListBucket", "HEAD": "ListBucket", "PUT": "CreateBucket"}.get(method, "DeleteObject")
        return Right(f"s3:{name}" if bucket else "s3:ListAllMyBuckets", resource, query.get("prefix", [None])[0])
    if method == "DELETE":
        return Right("s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject", resource)
    return Right("s3:GetObject" if method in ("GET", "HEAD") else "s3:PutObject", resource)
