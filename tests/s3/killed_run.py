"""Downloads the group ``top`` into a bucket in a process of its own, which a test kills."""

from __future__ import annotations

import sys

from impulse.collection import CollectionConfig, download_group


def main(url: str, key: str, ledger: str, bucket: str) -> None:
    """Download what there is."""
    config = CollectionConfig(ballchasing_api_key=key, base_url=url, database_path=ledger, s3_bucket_name=bucket)
    download_group("top", storage_type="s3", config=config)


if __name__ == "__main__":
    main(*sys.argv[1:])
