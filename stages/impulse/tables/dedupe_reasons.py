"""Reason codes of dedupe; apart from its columns, so that settings can be checked without Arrow."""

from __future__ import annotations

from enum import StrEnum


class DedupeReason(StrEnum):
    """Why a recording is not the one that is kept of its match: reason codes of rejects."""

    DUPLICATE_BYTES = "duplicate_bytes"
    """The same file."""
    SAME_RECORDING = "same_recording"
    """The same recording in another file."""
    SAME_MATCH = "same_match"
    """Another recording of the match."""
