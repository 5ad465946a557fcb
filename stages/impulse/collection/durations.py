"""Durations to read."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a duration as text."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
