"""Errors raised by impulse.

    ImpulseError
    ├── ConfigError            a setting is missing, unknown, of a wrong type or out of range
    ├── SourceError            the source of replays cannot be read as asked
    │   └── FetchError         a call to the replay server did not give what was asked for
    │       ├── AuthError           the key is missing or refused
    │       ├── ForbiddenError      the key may not read this object
    │       ├── NotFoundError       the object does not exist, or no longer
    │       ├── RateLimited         the server asks to wait, and kept asking
    │       ├── ServerError         a fault of the server or of the connection; may pass
    │       │   └── Unreachable         there is no connection to the server at all
    │       ├── UnexpectedResponse  an answer that is not what the API promises
    │       │   ├── BadRequest          the server refuses a parameter of the call
    │       │   └── TooLong             it is longer than is read
    │       ├── Outage              the server did not work for longer than it is waited for
    │       └── Incomplete          what was asked for is not all there; what is there is kept
    ├── ReplayError            one replay cannot be used; carries a reject reason
    │   ├── CorruptReplay      its bytes are damaged, cut short, or not a replay at all
    │   └── UnsupportedReplay  its bytes are fine, but the parser cannot turn them into frames
    ├── ReplayLost             what is missing of one replay is not its own fault; another run may have it
    ├── SchemaError            columns are not what the schema table says
    ├── DatasetError           an exported dataset cannot be opened or read
    └── StageError             a stage cannot go on (missing input, too many rejects, full disk)
        ├── ObjectMissing      a bucket does not hold an object
        ├── NameTaken          something else has the name of a file that is to be written
        └── StoreUnusable      a store cannot be used before somebody changes a setting
            └── BucketMissing      a bucket does not exist

Callers of a batch catch :class:`ReplayError` for one replay, finish the others after a :class:`ReplayLost` and fail then, and
let everything else end the run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_CONFIG = 78
"""Exit code of a program that the same start would fail again, because somebody has to change something (sysexits.h)."""

_NAMES_LISTED = 20
"""How many names a message lists at most."""


class ImpulseError(Exception):
    """Base of every error that impulse raises on purpose; its text is one line for the user."""

    exit_code = 1
    """Exit code of a program that ends with this error."""


class ConfigError(ImpulseError, ValueError):
    """A setting is missing, unknown, of a wrong type or out of range."""

    exit_code = EXIT_CONFIG

    def __init__(self, key: str, problem: str) -> None:
        super().__init__(f"{key}: {problem}")
        self.key = key
        """Dotted name of the setting, for example ``parse.fps``."""

    def __reduce__(self) -> tuple[type[ConfigError], tuple[str, str]]:
        """Keep both fields when the error crosses a process boundary."""
        return type(self), (self.key, str(self).removeprefix(f"{self.key}: "))


def check_known(key: str, name: object, known: Iterable[str], *, what: str = "name") -> None:
    """Check a name against those that exist.

    Args:
        key: dotted name of the setting or argument.
        name: what was given.
        known: the names that exist.
        what: what the name is a name of, for the message.

    Raises:
        ConfigError: it is not among them; the message offers the nearest ones, or lists what there is.
    """
    known = list(known)
    if name in known:
        return
    near = difflib.get_close_matches(str(name), known)
    listed = ", ".join(known[:_NAMES_LISTED]) + (", ..." if len(known) > _NAMES_LISTED else "")
    hint = f"did you mean {' or '.join(near)}?" if near else f"known are {listed}"
    raise ConfigError(key, f"unknown {what} {name!r}; {hint}")


class SourceError(ImpulseError):
    """The source of replays cannot be read as asked."""


class FetchError(SourceError):
    """A call to the replay server did not give what was asked for."""


class AuthError(FetchError):
    """The key is missing or refused."""

    exit_code = EXIT_CONFIG


class ForbiddenError(FetchError):
    """The key may not read this object."""

    exit_code = EXIT_CONFIG


class NotFoundError(FetchError):
    """The object does not exist, or no longer."""

    exit_code = EXIT_CONFIG


class RateLimited(FetchError):
    """The server asks to wait."""

    retry_after: float | None = None
    """Seconds that the server asks for, None when it names none that makes sense."""


class ServerError(FetchError):
    """A fault of the server or of the connection; the same call may work later."""

    retry_after: float | None = None
    """Seconds that the server asks for, None when it names none that makes sense."""


class Unreachable(ServerError):
    """There is no connection to the server: no such name, nobody who listens, no trust, or no way through a proxy."""


class UnexpectedResponse(FetchError):
    """An answer that is not what the API promises."""


class BadRequest(UnexpectedResponse):
    """The server refuses a parameter of the call."""


class TooLong(UnexpectedResponse):
    """An answer is longer than is read."""

    def __init__(self, message: str, *, size: int) -> None:
        super().__init__(message)
        self.size = size
        """Bytes that were announced, or that came until the reading ended."""


class Outage(FetchError):
    """The server did not work for longer than ``fetch.outage_patience``; a later run goes on."""


class Incomplete(FetchError):
    """What was asked for is not all there; what is there is kept, and a later run goes on."""


class ReplayError(ImpulseError):
    """One replay cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        """Reason code, a value of :class:`impulse.replay.reasons.Reason`."""
        self.detail = detail
        """What was found and what was expected, for a person."""

    def __reduce__(self) -> tuple[type[ReplayError], tuple[str, str]]:
        """Keep both fields when the error crosses a process boundary."""
        return type(self), (self.reason, self.detail)


class CorruptReplay(ReplayError):
    """The bytes are damaged, cut short, or not a replay at all."""


class UnsupportedReplay(ReplayError):
    """The bytes are fine, but the parser cannot turn them into frames."""


class ReplayLost(ImpulseError):
    """One replay could not be worked on now, for a reason that is not its own; another run may have it."""


class SchemaError(ImpulseError):
    """Columns are not what the schema table says."""


class DatasetError(ImpulseError):
    """An exported dataset cannot be opened or read."""


class StageError(ImpulseError):
    """A stage cannot go on."""


class ObjectMissing(StageError):
    """A bucket does not hold an object."""


class NameTaken(StageError):
    """Something else, such as a folder, has the name of a file that is to be written."""


class StoreUnusable(StageError):
    """A store cannot be used before somebody changes a setting."""

    exit_code = EXIT_CONFIG


class BucketMissing(StoreUnusable):
    """A bucket does not exist."""


def one_line(error: BaseException) -> str:
    """Return the text of another library's exception as one line; its kind where it has no text."""
    return " ".join(str(error).split()) or type(error).__name__
