"""Format versions of replay files that the encoder can write, and what each changes.

Owns: the table :data:`VERSIONS`. The facts were read from the parser (boxcars 0.13) and checked on real
replays of these versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class DemolishFormat(Enum):
    """Which attribute of the car tells of a demolition."""

    OLDEST = "TAGame.Car_TA:ReplicatedDemolish"
    """Until 2020; the parser reads it and reports no demolition."""
    CUSTOM = "TAGame.Car_TA:ReplicatedDemolish_CustomFX"
    """In autumn 2020; the oldest one is told with it, in the same frame."""
    EFFECT = "TAGame.Car_TA:ReplicatedDemolishGoalExplosion"
    EXTENDED = "TAGame.Car_TA:ReplicatedDemolishExtended"
    """From 2025 on."""

    @property
    def unknown_yet(self) -> frozenset[str]:
        """Attributes that came later; recordings of the time do not list them."""
        ages = tuple(DemolishFormat)
        return frozenset(later.value for later in ages[ages.index(self) + 1 :])


@dataclass(frozen=True, slots=True)
class FormatVersion:
    """One version of the replay format."""

    name: str
    major: int
    minor: int
    net: int | None
    """Network version; absent from the header before 868.20."""
    build: str
    """``BuildVersion`` of the header: date of the game's build (YYMMDD), number, changelist."""
    date: str
    """A day on which the game wrote this version, ``YYYY-MM-DD``."""
    demolish: DemolishFormat = DemolishFormat.OLDEST
    counts_grants: bool = False
    """Boost is reported with a count of grants instead of as a bare amount; from mid 2025 on."""
    match_type: str = "Online"

    @property
    def has_name_index(self) -> bool:
        """Whether a spawn record carries an index into the name table."""
        return self.minor >= 20 or (self.minor >= 14 and self.match_type != "Lan")

    @property
    def names_match(self) -> bool:
        """Whether the network data names the match (files of November 2017 and later)."""
        return self.minor >= 20

    @property
    def names_region(self) -> bool:
        """Whether the network data names the server's region (files of 2022 and later)."""
        return self.minor >= 32

    @property
    def position_steps(self) -> int:
        """Steps of a body's position per uu."""
        return 1 if self.net is None or self.net < 5 else 100

    @property
    def velocity_steps(self) -> int:
        """Steps of a velocity per uu/s, and of a spin per 0.01 rad/s."""
        return 10 if self.net is None or self.net < 5 else 100

    @property
    def has_quaternions(self) -> bool:
        """Whether rotations are three 18-bit components; else three 16-bit Euler angles."""
        return self.net is not None and self.net >= 7

    @property
    def vector_limit(self) -> int:
        """Bound of the size that precedes a packed vector."""
        return 22 if self.has_quaternions else 20

    @property
    def playstation_bytes(self) -> int:
        """Bytes between the name and the number of a PlayStation id."""
        return 16 if self.net is not None and self.net >= 1 else 8

    @property
    def has_camera_transition(self) -> bool:
        """Whether camera settings end with a transition speed."""
        return self.minor >= 20

    @property
    def has_two_loadouts(self) -> bool:
        """Whether players have a car for each team (real files: not yet in summer 2016, and since that autumn)."""
        return self.minor >= 14

    @property
    def unknown_yet(self) -> frozenset[str]:
        """Attributes of people that came later; recordings of the time do not list them."""
        unknown = {"ClientLoadout" if self.has_two_loadouts else "ClientLoadouts"}
        if not self.has_camera_transition:
            unknown |= {"SteeringSensitivity", "ClientLoadoutsOnline"}
        if self.demolish is not DemolishFormat.EXTENDED:
            unknown.add("MatchDemolishes")
        return frozenset(f"TAGame.PRI_TA:{name}" for name in unknown)

    @property
    def counts_unlimited_boost(self) -> bool:
        """Whether unlimited boost is a number of reasons for it (file of 2020) and not a flag (file of 2016)."""
        return self.minor >= 20

    @property
    def is_recent(self) -> bool:
        """Whether pickups and explosions use the newer attributes, and an empty list ends the body."""
        return self.minor >= 24 and self.net is not None and self.net >= 10


VERSIONS: tuple[FormatVersion, ...] = (
    FormatVersion("868.12", 868, 12, None, "160622.37796.138332", "2016-07-21", match_type="Lan"),
    FormatVersion("868.14-lan", 868, 14, None, "161003.42793.151471", "2016-11-09", match_type="Lan"),
    FormatVersion("868.17", 868, 17, None, "170313.44443.173521", "2017-03-16"),
    FormatVersion("868.20.2", 868, 20, 2, "171107.54243.183813", "2017-11-22"),
    FormatVersion("868.20.5", 868, 20, 5, "180308.64151.194617", "2018-03-15"),
    FormatVersion("868.22.7", 868, 22, 7, "180510.63217.200380", "2018-05-17"),
    FormatVersion("868.24.10", 868, 24, 10, "190326.56766.231384", "2019-04-19"),
    FormatVersion("868.29.10", 868, 29, 10, "200925.55985.293168", "2020-09-30", DemolishFormat.CUSTOM),
    FormatVersion("868.32.10", 868, 32, 10, "220826.45721.394862", "2022-09-29", DemolishFormat.EFFECT),
    FormatVersion(
        "868.32.11",
        868,
        32,
        11,
        "260316.80791.512269",
        "2026-04-28",
        DemolishFormat.EXTENDED,
        counts_grants=True,
    ),
)
"""Oldest first. Build numbers are in the game's style; only their order matters to the parser."""

LATEST = VERSIONS[-1]
