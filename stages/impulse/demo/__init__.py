"""Synthetic replays: valid ``.replay`` files made from scratch, with known truth.

:func:`write_replay` writes one, :func:`corpus` yields a folder's worth. Flights of cars and
of the ball are physical; what cars do on the ground, and what a hit does, is plausible and declared.

Two rooms: ``match`` is the truth, what happened; ``writer`` is the codec, which makes bytes of it and imports the truth,
never the other way round.
"""

from __future__ import annotations

from impulse.demo.corpus import DemoReplay, Kind, corpus, file_names, second_recording, with_flipped_bits
from impulse.demo.match.cutting import cut
from impulse.demo.match.generator import MatchPlan, generate
from impulse.demo.match.people import Platform, Player
from impulse.demo.match.truth import Demolition, GameState, Goal, Match, MatchPlayer, PadEvent
from impulse.demo.writer.classes import KNOCKOUT, SOCCER
from impulse.demo.writer.header import edit_header, encode_header
from impulse.demo.writer.plan import ExtraBall, Freeze, GuidPlace, RecordingPlan
from impulse.demo.writer.recording import Recording
from impulse.demo.writer.version import LATEST, VERSIONS, FormatVersion
from impulse.demo.writing import write_replay
from impulse.replay.facts import SYNTHETIC_PREFIX, is_synthetic

__all__ = [
    "KNOCKOUT",
    "LATEST",
    "SOCCER",
    "SYNTHETIC_PREFIX",
    "VERSIONS",
    "DemoReplay",
    "Demolition",
    "ExtraBall",
    "FormatVersion",
    "Freeze",
    "GameState",
    "Goal",
    "GuidPlace",
    "Kind",
    "Match",
    "MatchPlan",
    "MatchPlayer",
    "PadEvent",
    "Platform",
    "Player",
    "Recording",
    "RecordingPlan",
    "corpus",
    "cut",
    "edit_header",
    "encode_header",
    "file_names",
    "generate",
    "is_synthetic",
    "second_recording",
    "with_flipped_bits",
    "write_replay",
]
