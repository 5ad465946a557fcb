"""Parsing: replay files to standardised frames and tables."""

from __future__ import annotations

from impulse.parsing.replay_parser import ParseResult, ReplayParser

__all__ = ["ParseResult", "ReplayParser"]
