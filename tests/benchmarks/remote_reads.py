"""What impulse.load moves over the network: bytes and requests at a real S3 server, against the size of the dataset.

python tests/benchmarks/remote_reads.py [--matches 24] [--seconds 300]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "stages"), str(ROOT)]


def main() -> None:
    """Print one line for each way of asking."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--matches", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=300.0)
    arguments = parser.parse_args()
    from tests.exported import exported, prepared_data
    from tests.s3.proxy import CountingProxy
    from tests.s3.server import S3Server

    import impulse
    from impulse.config.export import ExportParams

    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as store, S3Server(Path(store)) as server:
        data = prepared_data(Path(name) / "data", matches=arguments.matches, seconds=arguments.seconds)
        dataset = exported(data, data / "export", ExportParams())
        os.environ |= {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        client = server.client()
        client.create_bucket(Bucket="data")
        total = 0
        for path in dataset.rglob("*"):
            if path.is_file():
                total += path.stat().st_size if path.suffix == ".parquet" else 0
                client.put_object(Bucket="data", Key=f"set/{path.relative_to(dataset)}", Body=path.read_bytes())
        with CountingProxy(server.url) as proxy:
            os.environ["AWS_ENDPOINT_URL"] = proxy.url
            one = impulse.load("s3://data/set", table="replays")["replay_id"][0].as_py()
            asked: dict[str, dict[str, Any]] = {
                "everything": {},
                "one column, all splits": {"columns": ["ball_pos_x"]},
                "one column, split train": {"columns": ["ball_pos_x"], "split": "train"},
                "all columns, one replay": {"filters": [("replay_id", "=", one)]},
                "ten columns, 3v3": {
                    "columns": [f"{who}_pos_{axis}" for who in ("ball", "p0", "p4") for axis in "xyz"] + ["time"],
                    "filters": [("team_size", "=", 3)],
                },
                "no replay fits": {"filters": [("team_size", "=", 9)]},
            }
            print(f"{arguments.matches} matches, {total / 1e6:.2f} MB of Parquet")
            for what, how in asked.items():
                proxy.reset()
                rows = impulse.load("s3://data/set", **how).num_rows
                share = proxy.bytes_received / total
                moved = f"{proxy.bytes_received / 1e6:6.2f} MB ({share:4.0%}) in {len(proxy.requests):3} requests"
                print(f"{what:28} {rows:7} rows, {moved}")


if __name__ == "__main__":
    main()
