"""How long each big pad is still empty, on request, row by row of the frames.

Owns: what is known of a place in each network frame, from what was told by then and nothing later. Pads and pickups are read in
``decoding/pads.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from impulse.decoding.array_call import reading_raw_data
from impulse.decoding.attributes import FOR_PADS
from impulse.decoding.bodies import bodies_of
from impulse.decoding.pads import Pad, pads_of
from impulse.decoding.parsed_file import ParsedFile
from impulse.decoding.sampling import frames_shown
from impulse.decoding.walk import walk_replay
from impulse.replay.container import read_header
from impulse.replay.facts import header_facts
from impulse.schema.column import arrow_schema
from impulse.schema.pads import BIG, BIG_PADS, PAD_ROW_COLUMNS

USES = ("decoding",)
"""What this product uses beside the ground rooms; its digest covers them."""

LATE_SECONDS = 0.5
"""A return is told up to this late: a pad is there in 10.0 to 10.1 s, in two network frames or three. One that is not told by then is
of a pad that was picked up again at once."""

DECIMALS = 3
"""Finer digits take bytes."""

Floats = npt.NDArray[np.float32]


def make_pad_rows(file: ParsedFile) -> pa.Table:
    """Return the columns :data:`~impulse.schema.pads.PAD_ROW_COLUMNS`, a row for each row of the frames.

    Raises:
        ReplayError: the parser refused the replay, or what it gives is not of the form expected; the reason code says how.
    """
    data = file.path.read_bytes()
    walk = walk_replay(data, FOR_PADS)
    header = read_header(data)
    with reading_raw_data():
        pads = pads_of(walk, bodies_of(walk, header.net_version), header_facts(header)["map_code"])
    shown = frames_shown(walk.times, file.frame_time)
    arrays = []
    for number in BIG_PADS:
        values = empty_seconds(number, pads, walk.times)[shown].round(DECIMALS)
        arrays.append(pa.array(values, mask=np.isnan(values)))
    return pa.table(arrays, schema=arrow_schema(PAD_ROW_COLUMNS))


def empty_seconds(number: int, pads: Sequence[Pad], times: Floats) -> Floats:
    """Return (frames,) s until a big pad of the standard arena is there, 0 where it is; NaN where that is not known.

    A pad that nobody used is there, if all that were used are known. Old maps have two pads at one place: then it is the time to the
    first of them.

    Args:
        number: of the pad.
        pads: all of the recording.
        times: (frames,) s.
    """
    mine = [pad for pad in pads if pad.place == number]
    if mine:
        values = np.array([_of_pad(pad, times) for pad in mine])
        return np.where((values == 0).any(axis=0), np.float32(0), values.min(axis=0))
    is_there = bool(pads) and all(pad.place is not None for pad in pads)
    return np.full(len(times), 0.0 if is_there else np.nan, np.float32)


def _of_pad(pad: Pad, times: Floats) -> Floats:
    values = np.zeros(len(times), np.float32)
    values[: pad.known_from] = np.nan
    for pickup, after in pad.turns:
        until = pickup.back if pickup.back is not None else after.frame if after is not None else len(times)
        left = times[pickup.frame] + np.float32(BIG.respawn_seconds) - times[pickup.frame : until]
        late = left < -LATE_SECONDS
        values[pickup.frame : until] = np.where(late, np.float32(np.nan), np.clip(left, 0, BIG.respawn_seconds))
    return values
