"""Synthetic replays: valid ``.replay`` files made from scratch, with known truth.

:func:`write_replay` writes one, :func:`corpus` yields a folder's worth, and :func:`expected_array` says what
the parser must return for a recording, bit for bit. Motion is plausible, not physical: contacts are declared,
not simulated.

Modules, from the bytes up:

- codec: ``bits``, ``texts``, ``attributes``, ``rigid_body``, ``version``, ``classes``, ``header``,
  ``container``
- truth: ``draws``, ``arena``, ``people``, ``match``, ``schedule``, ``waves``, ``driving``, ``rolling``,
  ``incidents``, ``lives``, ``boost``, ``generator``, ``cutting``
- what is written when: ``actors``, ``casting``, ``timeline``, ``headline``, ``recording``
- what a reader must get: ``oracle``
- for users: ``writing``, ``corpus``, ``variants``
"""

from __future__ import annotations

from impulse.demo.corpus import DemoReplay, Kind, corpus, second_recording
from impulse.demo.cutting import cut
from impulse.demo.generator import MatchPlan, generate
from impulse.demo.header import edit_header, encode_header
from impulse.demo.match import Demolition, GameState, Goal, Match, MatchPlayer, PadEvent
from impulse.demo.oracle import GLOBAL_FEATURES, PLAYER_FEATURES, expected_array, late_players, player_order
from impulse.demo.people import Platform, Player
from impulse.demo.recording import Recording, RecordingPlan
from impulse.demo.variants import (
    clones,
    truncated,
    with_flipped_bits,
    with_wrong_body_crc,
    with_wrong_header_crc,
)
from impulse.demo.version import LATEST, VERSIONS, FormatVersion
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
