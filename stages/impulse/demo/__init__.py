"""Synthetic replays: valid ``.replay`` files made from scratch, with known truth.

:func:`write_replay` writes one, :func:`corpus` yields a folder's worth, and :func:`expected_array` says what
the parser must return for a recording, bit for bit. Motion is plausible, not physical: contacts are declared,
not simulated.

Two rooms: ``match`` is the truth, what happened; ``writer`` is the codec, which makes bytes of it and imports the truth,
never the other way round.
"""

from __future__ import annotations

from impulse.demo.corpus import DemoReplay, Kind, corpus, second_recording
from impulse.demo.match.cutting import cut
from impulse.demo.match.generator import MatchPlan, generate
from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import Demolition, GameState, Goal, Match, MatchPlayer, PadEvent
from impulse.demo.oracle import GLOBAL_FEATURES, PLAYER_FEATURES, expected_array, late_players, player_order
from impulse.demo.variants import (
    clones,
    truncated,
    with_flipped_bits,
    with_wrong_body_crc,
    with_wrong_header_crc,
)
from impulse.demo.writer.header import edit_header, encode_header
from impulse.demo.writer.recording import Recording, RecordingPlan
from impulse.demo.writer.version import LATEST, VERSIONS, FormatVersion
from impulse.demo.writing import write_replay
from impulse.replay.facts import SYNTHETIC_PREFIX, is_synthetic

__all__ = [
    "GLOBAL_FEATURES",
    "LATEST",
    "PLAYER_FEATURES",
    "SYNTHETIC_PREFIX",
    "VERSIONS",
    "DemoReplay",
    "Demolition",
    "FormatVersion",
    "GameState",
    "Goal",
    "Kind",
    "Match",
    "MatchPlan",
    "MatchPlayer",
    "PadEvent",
    "Platform",
    "Player",
    "Recording",
    "RecordingPlan",
    "clones",
    "corpus",
    "cut",
    "edit_header",
    "encode_header",
    "expected_array",
    "generate",
    "is_synthetic",
    "late_players",
    "player_order",
    "second_recording",
    "truncated",
    "with_flipped_bits",
    "with_wrong_body_crc",
    "with_wrong_header_crc",
    "write_replay",
]
