"""A real S3 server for the tests that need one."""

from __future__ import annotations

from tests.s3.fixtures import bucket as bucket
from tests.s3.fixtures import s3_server as s3_server
