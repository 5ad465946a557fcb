"""Errors raised by impulse.

    ImpulseError
    ├── ConfigError            a setting is missing, unknown, of a wrong type or out of range
    ├── SourceError            the source of replays cannot be read as asked
    ├── ReplayError            one replay cannot be used; carries a reject reason
    │   ├── CorruptReplay      its bytes are damaged, cut short, or not a replay at all
    │   └── UnsupportedReplay  its bytes are fine, but the parser cannot turn them into frames
    ├── SchemaError            columns are not what the schema table says
    └── StageError             a stage cannot go on (missing input, too many rejects, full disk)

Callers of a batch catch :class:`ReplayError` for one replay and let everything else end the run.
"""

from __future__ import annotations


class ImpulseError(Exception):
    """Base of every error that impulse raises on purpose; its text is one line for the user."""


class ConfigError(ImpulseError, ValueError):
    """A setting is missing, unknown, of a wrong type or out of range."""

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        """Dotted name of the setting, for example ``parse.fps``."""


class SourceError(ImpulseError):
    """The source of replays cannot be read as asked."""


class ReplayError(ImpulseError):
    """One replay cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        """Reason code, a value of :class:`impulse.rejects.Reason`."""
        self.detail = detail
        """What was found and what was expected, for a person."""

    def __reduce__(self) -> tuple[type[ReplayError], tuple[str, str]]:
        """Keep both fields when the error crosses a process boundary."""
        return type(self), (self.reason, self.detail)


class CorruptReplay(ReplayError):
    """The bytes are damaged, cut short, or not a replay at all."""


class UnsupportedReplay(ReplayError):
    """The bytes are fine, but the parser cannot turn them into frames."""


class SchemaError(ImpulseError):
    """Columns are not what the schema table says."""


class StageError(ImpulseError):
    """A stage cannot go on."""
