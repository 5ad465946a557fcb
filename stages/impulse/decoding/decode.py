"""One replay through the decoder that is right for it, with the rows that the settings ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from impulse.decoding.array_call import reading_raw_data
from impulse.decoding.attributes import FOR_FRAMES
from impulse.decoding.decoded import DecodedReplay, with_rows
from impulse.decoding.doubts import doubts_of_array, doubts_of_file
from impulse.decoding.exact import decode_exactly
from impulse.decoding.first_frames import LOOK_FRAMES, with_frames
from impulse.decoding.from_array import decode_array
from impulse.decoding.match_facts import match_facts
from impulse.decoding.sampling import rows_shown
from impulse.decoding.setups import setups_of
from impulse.decoding.statistics import sent_statistics
from impulse.decoding.walk import Walk, walk_replay
from impulse.errors import CorruptReplay, UnsupportedReplay
from impulse.replay.container import ReplayBody, ReplayHeader
from impulse.replay.facts import header_facts
from impulse.replay.reasons import Reason
from impulse.schema.features import FrameLayout
from impulse.schema.sampling import LONGEST_LOOK_SECONDS, Decoder, FrameSettings, GapRows, Sampling

LONGEST_RECORDING_SECONDS = 24 * 3600.0
"""Between the first network frame and the last."""

LEAST_FPS_OF_ARRAY = 10.0
"""With fewer rows a second the array does not show a wreck that lies for three seconds clearly enough."""


def decode(
    path: Path, data: bytes, header: ReplayHeader, body: ReplayBody, layout: FrameLayout, settings: FrameSettings
) -> DecodedReplay:
    """Decode a replay.

    Args:
        path: the file.
        data: its bytes.
        header: its header.
        body: its tables.
        layout: what the array is to hold.
        settings: decoder, rows a second, sampling.

    Raises:
        ReplayError: the replay cannot be used; carries the reason code.
    """
    why: list[str] = []
    if settings.decoder is Decoder.exact:
        why = ["asked_for"]
    elif settings.sampling is not Sampling.parser:
        why = ["sampling"]  # the array call samples in its own way only
    elif settings.decoder is Decoder.auto and settings.fps < LEAST_FPS_OF_ARRAY:
        why = ["few_rows"]  # too few to see in them what is wrong
    else:
        start = walk_replay(with_frames(data, LOOK_FRAMES), FOR_FRAMES)
        if settings.decoder is Decoder.auto:
            why = list(dict.fromkeys(doubts_of_file(data, header, body, start)))
        if not why:
            decoded = _by_array(path, header, body, start, layout, settings)
            if isinstance(decoded, DecodedReplay):
                with reading_raw_data():
                    setups, told = setups_of(start, decoded.people), match_facts(start, body.objects, is_whole=False)
                return _samples(replace(decoded, setups=setups, match=told), layout, settings)
            why = decoded
    walk = walk_replay(data, FOR_FRAMES)
    check_complete(walk, header)
    with reading_raw_data():
        decoded = decode_exactly(
            walk,
            path,
            layout,
            rows_shown(walk.times, settings.sampling, settings.fps),
            net_version=header.net_version,
            names=body.names,
            why=why,
        )
        decoded = replace(
            decoded,
            setups=setups_of(walk, decoded.people),
            statistics=sent_statistics(walk, decoded.people),
            match=match_facts(walk, body.objects, is_whole=True),
        )
    return _samples(decoded, layout, settings)


def _samples(decoded: DecodedReplay, layout: FrameLayout, settings: FrameSettings) -> DecodedReplay:
    """Return a replay without the rows whose network frame is too far from their time to be a sample of it."""
    if settings.sampling is not Sampling.parser or settings.gap_rows is GapRows.keep:
        return decoded
    frame_time, time = (decoded.array[:, layout.global_at[name].start] for name in ("FrameTime", "CurrentTime"))
    return with_rows(decoded, np.flatnonzero(np.abs(frame_time - time) <= LONGEST_LOOK_SECONDS))


def _by_array(
    path: Path, header: ReplayHeader, body: ReplayBody, start: Walk, layout: FrameLayout, settings: FrameSettings
) -> DecodedReplay | list[str]:
    """Return what the array call makes of a replay, or what speaks against that."""
    chooses = settings.decoder is Decoder.auto
    try:
        decoded = decode_array(path, start, layout, fps=settings.fps, names=body.names)
    except UnsupportedReplay as error:
        if not chooses:
            raise
        return [str(error.reason)]
    doubts = list(dict.fromkeys(doubts_of_array(decoded, layout, header, body, start))) if chooses else []
    return doubts or decoded


def check_complete(walk: Walk, header: ReplayHeader) -> None:
    """Refuse a replay with more than one network frame fewer than announced, or whose times are none of one recording.

    The parser stops at a zeroed stretch without a word, and a changed bit of a time would ask for rows without end.
    """
    span = float(np.ptp(walk.times)) if len(walk.times) else 0.0
    if not span <= LONGEST_RECORDING_SECONDS:
        raise CorruptReplay(Reason.MALFORMED, f"its network frames are {span:g} s apart, no recording is so long")
    announced = header_facts(header)["network_frames"]
    if announced is not None and len(walk.times) < announced - 1:
        raise CorruptReplay(
            Reason.FRAMES_MISSING, f"{len(walk.times)} network frames decoded, the header announces {announced}"
        )
