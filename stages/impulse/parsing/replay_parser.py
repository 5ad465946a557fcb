"""``ReplayParser``: the parser for library users."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from impulse.config.parse import ParseParams
from impulse.config.parsing_config import ParsingConfig
from impulse.decoding.array_call import call_array
from impulse.errors import ReplayError
from impulse.parsing.parsed_replay import ParsedReplay, parse_replay
from impulse.schema import features
from impulse.schema.sampling import GapRows


@dataclass(frozen=True)
class ParseResult:
    """Outcome of parsing one file."""

    success: bool
    path: Path
    error: ReplayError | None = None
    """Why the replay cannot be used; carries the reason code."""
    parsed: ParsedReplay | None = None
    """Frames and tables; None without success."""
    chosen: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Global and player features that the array shows, in order."""

    raw: npt.NDArray[np.floating[Any]] | None = None
    """The parser's own array, with all features that were parsed."""

    @property
    def array(self) -> npt.NDArray[np.floating[Any]]:
        """(rows, features): the parser's own array for the chosen features, global ones first, then player by player.

        Raw values: absent players and balls are zeros, units are the parser's. Where the parser refuses the replay, the exact
        decoder gives the same form, and the features in ``parsed.decoded.unknown_features`` are zeros. The standardised frames
        are ``parsed.frames``.

        Raises:
            ReplayError: the replay could not be parsed.
        """
        parsed = self.require()
        assert self.raw is not None
        return self.raw[:, self._chosen_columns(parsed)]

    @property
    def columns(self) -> list[str]:
        """Names of the array's columns, as the parser gives them; player columns start with ``Player <n> - ``."""
        return self._headers(self.require())

    @property
    def metadata(self) -> dict[str, Any]:
        """The replay's row of the replays table, its players, stints, goals and demolitions, and the parser's own metadata."""
        parsed = self.require()
        return {
            **parsed.replay,
            "players": parsed.players,
            "stints": parsed.stints,
            "goals": parsed.goals,
            "demolitions": parsed.demolitions,
            "parser_meta": parsed.decoded.meta,
        }

    @property
    def duration_seconds(self) -> float:
        """Recorded time between the first and the last row, in s."""
        return float(self.require().replay["recorded_seconds"])

    def require(self) -> ParsedReplay:
        """Return what was parsed.

        Raises:
            ReplayError: the replay could not be parsed.
        """
        if self.parsed is None:
            assert self.error is not None
            raise self.error
        return self.parsed

    def _chosen_columns(self, parsed: ParsedReplay) -> npt.NDArray[np.intp]:
        layout = parsed.layout
        picked = [column for name in self.chosen[0] for column in layout.global_at[name]]
        block = [column for name in self.chosen[1] for column in layout.player_at[name]]
        for player in range(self._players(layout)):
            start = layout.global_width + player * layout.player_width
            picked.extend(start + column for column in block)
        return np.array(picked, dtype=np.intp)

    def _players(self, layout: features.FrameLayout) -> int:
        assert self.raw is not None
        return int(self.raw.shape[1] - layout.global_width) // layout.player_width

    def _headers(self, parsed: ParsedReplay) -> list[str]:
        names = [header for name in self.chosen[0] for header in features.global_headers(name)]
        block = [header for name in self.chosen[1] for header in features.player_headers(name)]
        return names + [
            f"Player {player} - {header}" for player in range(self._players(parsed.layout)) for header in block
        ]


class ReplayParser:
    """Parses replay files with one choice of features and frame rate."""

    def __init__(
        self,
        *,
        global_features: Sequence[str] = features.FEATURE_PRESETS["standard"].global_features,
        player_features: Sequence[str] = features.FEATURE_PRESETS["standard"].player_features,
        fps: float = 10.0,
    ) -> None:
        """Check the choice.

        Args:
            global_features: feature adders of the parser that give values of the match and the ball.
            player_features: feature adders of the parser that give values of each player.
            fps: rows a second, 1 to 120.

        Raises:
            ConfigError: an unknown feature, or fps out of range.
        """
        self._config = ParsingConfig(tuple(global_features), tuple(player_features), fps)

    @classmethod
    def from_preset(cls, name: str, *, fps: float = 10.0) -> ReplayParser:
        """Return a parser with a preset of features: ``minimal``, ``standard`` or ``all``."""
        config = ParsingConfig.get_preset(name, fps=fps)
        return cls(global_features=config.global_features, player_features=config.player_features, fps=fps)

    @property
    def params(self) -> ParseParams:
        """The choice as settings of the parse stage; rows in gaps of the recording stay, so that the array is the parser's own."""
        return replace(self._config.params(), gap_rows=GapRows.keep)

    def parse_file(self, path: str | os.PathLike[str]) -> ParseResult:
        """Parse one file.

        A replay that cannot be used gives a result without success; a missing file raises.

        Raises:
            OSError: the file cannot be read.
        """
        path = Path(path)
        chosen = (self._config.global_features, self._config.player_features)
        try:
            parsed = parse_replay(path, self.params)
        except ReplayError as error:
            return ParseResult(False, path, error=error, chosen=chosen)
        return ParseResult(True, path, parsed=parsed, chosen=chosen, raw=_own_array(path, parsed, self._config.fps))


def _own_array(path: Path, parsed: ParsedReplay, fps: float) -> npt.NDArray[np.floating[Any]]:
    """Return the parser's array with the features of the frames; the exact decoder's where the parser refuses the replay."""
    decoded, layout = parsed.decoded, parsed.layout
    if not decoded.why_exact:
        return decoded.array
    try:
        _, array = call_array(
            path, global_features=layout.global_features, player_features=layout.player_features, fps=fps
        )
    except ReplayError:
        return decoded.array
    return array
