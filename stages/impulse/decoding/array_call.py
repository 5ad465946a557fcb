"""The boundary to the parser: its calls, and their failures translated into reject reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import subtr_actor

from impulse.errors import CorruptReplay, ReplayError, UnsupportedReplay, one_line
from impulse.replay.reasons import Reason

PARSER_PACKAGE = "subtr-actor-py"

# What the parser says, and what it means. It raises bare exceptions, so the text is all there is to go by.
_MEANINGS: tuple[tuple[str, type[ReplayError], Reason], ...] = (
    ("NDArray player columns changed", UnsupportedReplay, Reason.PLAYERS_CHANGED),
    ("Could not build replay meta", UnsupportedReplay, Reason.NO_PLAYERS),
    ("Couldn't find object id for", UnsupportedReplay, Reason.UNSUPPORTED_FORMAT),
    ("crc check failed", CorruptReplay, Reason.BODY_CRC),
    ("memory allocation", UnsupportedReplay, Reason.PARSER_MEMORY),
)

DETAIL_LENGTH = 300
"""Characters of the parser's message that are kept."""


@cache
def parser_version() -> str:
    """Return the version of the installed parser."""
    return version(PARSER_PACKAGE)


def call_array(
    path: Path, *, global_features: Sequence[str], player_features: Sequence[str], fps: float
) -> tuple[dict[str, Any], npt.NDArray[np.floating[Any]]]:
    """Return the parser's metadata of a replay and its array, (rows, columns).

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    with translated_errors():
        meta, array = subtr_actor.get_ndarray_with_info_from_replay_filepath(
            path, list(global_features), list(player_features), fps=fps, dtype="float32"
        )
    return meta["replay_meta"], array


def read_meta(path: Path) -> dict[str, Any]:
    """Return the parser's metadata of a replay: teams, players, header properties, game type, season.

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    with translated_errors():
        meta: dict[str, Any] = subtr_actor.get_replay_meta(path)["replay_meta"]
    return meta


def call_events(path: Path) -> list[dict[str, Any]]:
    """Return what happened in a replay by the parser's own rules: each event has ``meta`` and ``payload``.

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    with translated_errors():
        events: list[dict[str, Any]] = subtr_actor.get_stats_events(path)["events"]
    return events


def call_stats(path: Path) -> dict[str, Any]:
    """Return the parser's sums by player and team: ``modules``, all that it has, and ``replay_meta``.

    It computes nearly all modules whichever it is asked for: one alone takes four fifths of the time of all, so there is no choice.

    Raises:
        ReplayError: the parser refused the replay; the reason code says how.
    """
    with translated_errors():
        stats: dict[str, Any] = subtr_actor.get_summed_stats(path, subtr_actor.get_stats_module_names())
    return stats


@contextmanager
def reading_raw_data() -> Iterator[None]:
    """Refuse the replay when what the parser gives, whose form nobody promises, is not what the block expects.

    Raises:
        UnsupportedReplay: ``decode_failed``.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        what = f"{type(error).__name__}: {_shorten(error)}"
        raise UnsupportedReplay(
            Reason.DECODE_FAILED, f"what the parser gives is not of the form expected ({what})"
        ) from error


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise what the parser raises as a reject with its reason code.

    Raises:
        ReplayError: the parser refused the replay.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise _translate(error) from error
    except BaseException as error:
        # A panic of the parser's native code does not derive from Exception.
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise UnsupportedReplay(Reason.PARSER_PANIC, _shorten(error)) from error


def _translate(error: Exception) -> ReplayError:
    text = str(error)
    for phrase, kind, reason in _MEANINGS:
        if phrase.lower() in text.lower():
            return kind(reason, _shorten(error))
    return UnsupportedReplay(Reason.DECODE_FAILED, _shorten(error))


def _shorten(error: BaseException) -> str:
    text = one_line(error)
    return text if len(text) <= DETAIL_LENGTH else text[: DETAIL_LENGTH - 1] + "…"


def id_text(remote_id: Mapping[str, Any]) -> str:
    """Return a player's id as text that sorts as the parser sorts ids, for example ``Steam(7656...)``."""
    kind, value = next(iter(remote_id.items()))
    if isinstance(value, Mapping):
        value = ", ".join(f"{name}: {value[name]}" for name in ("online_id", "name", "unknown1") if name in value)
    return f"{kind}({value})"


NO_BODY = np.array([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=np.float32)
"""What the parser gives for a body that does not exist: position, quaternion, velocity, angular velocity of zeros but for
the identity rotation."""
