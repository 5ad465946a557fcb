"""``ParsingConfig``: a choice of features and a frame rate for library users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impulse.config.parse import ParseParams
from impulse.errors import check_known
from impulse.schema import features
from impulse.schema.features import FEATURE_PRESETS

__all__ = ["FEATURE_PRESETS", "ParsingConfig"]


@dataclass(frozen=True)
class ParsingConfig:
    """Which feature adders of the parser to use, and at how many rows a second."""

    global_features: tuple[str, ...]
    player_features: tuple[str, ...]
    fps: float = 10.0
    """Rows a second, 1 to 120."""

    def __post_init__(self) -> None:
        """Check names and range exactly as the parse stage does."""
        self.params()

    def params(self) -> ParseParams:
        """Return the same choice as settings of the parse stage."""
        return ParseParams(
            fps=self.fps,
            global_features=list(self.global_features),
            player_features=list(self.player_features),
        )

    @classmethod
    def get_preset(cls, name: str, *, fps: float = 10.0) -> ParsingConfig:
        """Return a preset: ``minimal``, ``standard`` or ``all``.

        Raises:
            ConfigError: there is no preset of that name.
        """
        check_known("preset", name, FEATURE_PRESETS, what="preset")
        preset = FEATURE_PRESETS[name]
        return cls(preset.global_features, preset.player_features, fps)

    @staticmethod
    def validate_features(*, global_features: Sequence[str] = (), player_features: Sequence[str] = ()) -> None:
        """Check feature names.

        Raises:
            ConfigError: a name is unknown; the message offers the nearest known ones.
        """
        features.check_features("global_features", global_features, features.GLOBAL_FEATURES)
        features.check_features("player_features", player_features, features.PLAYER_FEATURES)
