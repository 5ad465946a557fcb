"""A proxy before an S3 server that writes down which rights each call needs on AWS, and a reader of IAM policies."""

from __future__ import annotations

import fnmatch
import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.local_server import LocalServer, QuietHandler


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


class WatchedStore(LocalServer):
    """The proxy; use it as a context."""

    def __init__(self, url: str) -> None:
        super().__init__(_Handler)
        self.rights: set[Right] = set()
        self.target = urlsplit(url).netloc


class _Handler(QuietHandler):
    owner: WatchedStore
    protocol_version = "HTTP/1.1"
    timeout = 5

    def _pass_on(self) -> None:
        self.owner.rights.add(right_for(self.command, self.path))
        connection = http.client.HTTPConnection(self.owner.target, timeout=60)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            connection.putheader(name, value)  # Host too: the signature covers it
        connection.endheaders(self._body())
        answer = connection.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else len(data)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        self.wfile.write(data)
        connection.close()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        raw = b""
        while True:
            line = self.rfile.readline()
            size = int(line.split(b";")[0], 16)
            raw += line + self.rfile.read(size + 2)
            if size == 0:
                return raw

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on
