"""Which row groups of a file have the frames of some replays."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import pyarrow.dataset as ds


def row_groups_of(fragment: ds.ParquetFileFragment, replay_ids: Sequence[str]) -> ds.ParquetFileFragment:
    """Return the part of a file that may have some replays, by the statistics in its footer, which is read.

    Arrow does this by itself for numbers, but not for columns of names such as ``replay_id``.

    Args:
        fragment: the file.
        replay_ids: the replays, sorted.
    """
    metadata = fragment.metadata
    position = next(
        number for number in range(metadata.num_columns) if metadata.schema.column(number).name == "replay_id"
    )
    chosen = []
    for group in range(metadata.num_row_groups):
        known = metadata.row_group(group).column(position).statistics
        if known is None or not known.has_min_max:
            chosen.append(group)
            continue
        first = bisect_left(replay_ids, known.min)
        if first < len(replay_ids) and replay_ids[first] <= known.max:
            chosen.append(group)
    return fragment.subset(row_group_ids=chosen)
