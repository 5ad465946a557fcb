"""Scaling of columns by the physical bounds of the schema: the same for every dataset, nothing is fitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """Maps each bounded column linearly from [lower, upper] to [-1, 1] and back; other columns stay as they are.

    There and back gives the input within one float32 step at the size of the column's range,
    ``(upper - lower) * 2**-23``, for values inside bounds that lie around 0 or start there. Values outside the bounds are
    scaled alike and never clipped.
    """

    centre: npt.NDArray[np.float64]
    """(columns,); 0 for columns without bounds."""
    half_range: npt.NDArray[np.float64]
    """(columns,); 1 for columns without bounds."""
    is_scaled: npt.NDArray[np.bool_]
    """(columns,); true for columns with bounds."""

    @classmethod
    def from_bounds(cls, bounds: npt.NDArray[np.float64]) -> Normalisation:
        """Return the scaling for bounds.

        Args:
            bounds: (columns, 2) lower and upper bound, NaN for columns without.
        """
        lower, upper = bounds[:, 0], bounds[:, 1]
        is_scaled = np.isfinite(lower) & np.isfinite(upper) & (upper > lower)
        with np.errstate(invalid="ignore"):
            centre = np.where(is_scaled, (lower + upper) / 2, 0.0)
            half_range = np.where(is_scaled, (upper - lower) / 2, 1.0)
        # Numbers that float32 has, so that both ways use the very same ones.
        return cls(
            centre.astype(np.float32).astype(np.float64), half_range.astype(np.float32).astype(np.float64), is_scaled
        )

    def apply(
        self, values: npt.NDArray[np.floating[Any]], *, out: npt.NDArray[np.floating[Any]] | None = None
    ) -> npt.NDArray[np.floating[Any]]:
        """Return scaled values, (..., columns), in the input's type; NaN stays NaN.

        Args:
            values: in the schema's units.
            out: receives the result; may be ``values`` itself.
        """
        kind = values.dtype
        scaled: npt.NDArray[np.floating[Any]] = np.subtract(values, self.centre.astype(kind), out=out)
        # A division: multiplying by the inverse would round once more than the promise allows.
        np.divide(scaled, self.half_range.astype(kind), out=scaled)
        return scaled

    def invert(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """Return values in the schema's units again, (..., columns), in the input's type."""
        wide = values * self.half_range
        wide += self.centre
        return wide.astype(values.dtype, copy=False)
