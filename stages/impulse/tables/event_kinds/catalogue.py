"""All kinds of events of parser 1.5.1; an upgrade may add others, which the events table keeps by their names."""

from __future__ import annotations

from collections.abc import Mapping

from impulse.tables.event_kinds import aerials, ball, driving, match
from impulse.tables.event_kinds.kind import Kind

EVENT_KINDS: Mapping[str, Kind] = dict(sorted({**match.KINDS, **ball.KINDS, **aerials.KINDS, **driving.KINDS}.items()))
"""By the value of ``kind`` in the events table."""
