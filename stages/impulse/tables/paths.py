"""Where things are inside the data folder: names that one stage writes and another reads."""

from __future__ import annotations

SPLITS = ("train", "val", "test")
"""Names of the splits of the dataset."""

MANIFEST = "manifest.parquet"
"""Exact list of the fetched replays, in data/raw."""

STORAGE_URL = b"storage_url"
"""Key of the manifest's metadata that names the bucket and prefix of the replays; absent when they are beside it."""

REPLAYS = "replays/"
"""Start of the path of every replay that impulse stored, in data/raw or below the prefix of a bucket."""

LISTED_PLAYERS = "listed_players.parquet"
"""Players as the source lists them, in data/raw; empty for sources that tell of none."""

LISTINGS = "listings.parquet"
"""What the source listed, group by group, held against its own counts, in data/raw; empty for sources without lists."""

REJECTS = "rejects.parquet"
"""Inputs that a stage left out and why, in the output folder of every stage."""

VERDICTS = "verdicts.parquet"
"""One verdict for each parsed replay, in data/validated."""

VIOLATIONS = "violations.parquet"
"""One row for each rule that a replay violates, in data/validated."""

DECISIONS = "decisions.parquet"
"""Which recording of each match is kept, in data/deduped."""

PAIRS = "pairs.parquet"
"""The evidence for each pair of recordings that was merged or nearly was, in data/deduped."""

KEPT_COLUMNS = "columns.json"
"""Which frame columns are kept, and why others are not, in data/deduped."""

FRAMES_FILES = "frames.parquet"
"""Size and hash of every file of frames, in data/parsed."""

CONTROLS_FILES = "controls.parquet"
"""Size and hash of every file of controls, in data/parsed; there only where they were asked for."""

PAD_ROWS_FILES = "pad_rows.parquet"
"""The same of every file of how long big pads are empty."""

FEATURES = "features.json"
"""The settings of parse that the frames in data/parsed were made with, with the chosen features."""

CHECKSUMS = "checksums.sha256"
"""SHA-256 of every file of the dataset, in the form of ``sha256sum``, in data/export."""

ARRAY, ARRAY_OFFSETS, ARRAY_COLUMNS = "frames.npy", "offsets.npy", "columns.json"
"""Files of the arrays of a split: the frames, where each replay begins, and the columns; in data/export/numpy/<split>."""


def replay_path(replay_id: str) -> str:
    """Return where a replay file is inside data/raw."""
    return f"{REPLAYS}{replay_id[:2]}/{replay_id}.replay"


def shard_path(split: str, shard: int) -> str:
    """Return where a shard of frames is inside data/export."""
    return f"frames/split={split}/part-{shard:05d}.parquet"


def frames_path(replay_id: str) -> str:
    """Return where a replay's frames are inside data/parsed."""
    return f"frames/{replay_id[:2]}/{replay_id}.arrow"


def beside_path(setting: str, replay_id: str) -> str:
    """Return where the columns that a setting adds to a replay's frames are inside data/parsed, one row for each row of those."""
    return f"{setting}/{replay_id[:2]}/{replay_id}.arrow"


def beside_files(setting: str) -> str:
    """Return where the list of those files is: :data:`CONTROLS_FILES` or :data:`PAD_ROWS_FILES`."""
    return f"{setting}.parquet"


PARAMS_FILE = "params.yaml"
COMPOSED = ".state/params.yaml"
"""Copy of the params.yaml that was composed last in this checkout, or was found to be what conf/ gives."""
WAY_BACK = "`git checkout params.yaml` brings it back, or `rm params.yaml && python stages/config.py`"
"""What mends a params.yaml that cannot be read."""
