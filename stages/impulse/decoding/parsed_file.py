"""What a product on request is made of: the file of a replay, and what its frames told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A replay whose frames were made."""

    path: Path
    replay_id: str
    players: Sequence[Row]
    """Rows of the players table."""
    player_ids: Sequence[str]
    """Their accounts as the parser writes them; it knows no difference between those who have one in common."""
    stints: Sequence[Row]
    """Rows of the stints table."""
    frame_time: npt.NDArray[np.float32]
    """(rows,) time in s of the network frame that each row shows."""
    frames: pa.Table
    """The contract columns of the frames."""

    def row_at(self, time: float) -> int | None:
        """Return the first row that shows this time, in s, or a later one; None where none follows."""
        row = int(np.searchsorted(self.frame_time, np.float32(time)))
        return row if row < len(self.frame_time) else None

    def people(self) -> Iterator[tuple[str, Sequence[Row]]]:
        """Yield the account of everyone who has his own, and his rows of the stints table in order."""
        for account, player in zip(self.player_ids, self.players, strict=True):
            if self.player_ids.count(account) == 1:
                mine = [stint for stint in self.stints if stint["player"] == player["player"]]
                yield account, sorted(mine, key=lambda stint: stint["first_row"] or 0)
