"""Which replays and which rows a filter asks for.

Replays are chosen first, by their table, so that a condition such as ``team_size == 3`` decides which parts of the frames
are read at all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from impulse.errors import ConfigError, check_known, one_line

Condition: TypeAlias = tuple[str, str, Any]
Filters: TypeAlias = pc.Expression | Sequence[Condition] | Sequence[Sequence[Condition]]
"""As in pyarrow: an expression, a list of conditions that all hold, or a list of such lists of which one holds."""


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What is to be read of a table."""

    replays: pa.Table
    """Rows of the replays table that were chosen."""
    rows: pc.Expression | None
    """Condition on the table's own columns; None takes all rows of these replays."""


def select(replays: pa.Table, table: pa.Schema, *, splits: Sequence[str] | None, filters: Filters | None) -> Selection:
    """Choose replays and rows.

    Args:
        replays: the replays table.
        table: schema of the table that will be read.
        splits: the splits to take; None takes all.
        filters: conditions on columns of the replays table or of the table that will be read.

    Raises:
        ConfigError: a filter names an unknown column, or cannot be applied to the column's type.
    """
    if splits is not None:
        replays = replays.filter(pc.is_in(replays["split"], pa.array(list(splits), pa.string())))
    if isinstance(filters, pc.Expression):
        if _fits(filters, replays.schema):
            return Selection(replays.filter(filters), None)
        if not _fits(filters, table):
            raise ConfigError(
                "filters",
                f"{filters}: names a column that is not there, compares it with another type, or mixes columns of replays "
                "and of rows; such a mix is given as a list, like [('team_size', '=', 3), ('ball_pos_z', '>', 1000)]",
            )
        return Selection(replays, filters)
    if not filters:
        return Selection(replays, None)
    return _select_by_lists(replays, table, _alternatives(filters))


def select_rows(table: pa.Schema, filters: Filters | None) -> pc.Expression | None:
    """Return the condition on rows of a table whose rows are not those of replays; None takes all.

    Args:
        table: schema of the table.
        filters: conditions on its columns alone.

    Raises:
        ConfigError: as for :func:`select`.
    """
    if isinstance(filters, pc.Expression):
        if not _fits(filters, table):
            raise ConfigError(
                "filters", f"{filters}: names a column that is not there, or compares it with another type"
            )
        return filters
    if not filters:
        return None
    alternatives = _alternatives(filters)
    for name in (name for alternative in alternatives for name, *_ in alternative):
        check_known("filters", name, table.names)
    return reduce(operator.or_, (_expression(alternative, table) for alternative in alternatives))


def columns_of(rows: pc.Expression | None, table: pa.Schema) -> list[str]:
    """Return the columns of a table that a condition on its rows needs: those without which it cannot be applied."""
    if rows is None:
        return []
    return [name for name in table.names if not _fits(rows, table.remove(table.get_field_index(name)))]


def _select_by_lists(replays: pa.Table, table: pa.Schema, alternatives: Sequence[Sequence[Condition]]) -> Selection:
    chosen, conditions = [], []
    for alternative in alternatives:
        for name, *_ in alternative:
            check_known("filters", name, dict.fromkeys((*replays.schema.names, *table.names)))
        of_replays = [condition for condition in alternative if condition[0] in replays.schema.names]
        of_rows = [condition for condition in alternative if condition[0] not in replays.schema.names]
        chosen.append(replays.filter(_expression(of_replays, replays.schema)) if of_replays else replays)
        conditions.append(_expression(of_rows, table) if of_rows else None)
    if len(alternatives) == 1:
        return Selection(chosen[0], conditions[0])
    ids = pa.chunked_array([part["replay_id"].combine_chunks() for part in chosen], pa.string()).unique()
    union = replays.filter(pc.is_in(replays["replay_id"], ids))
    if all(condition is None for condition in conditions):
        return Selection(union, None)
    rows = None
    for part, condition in zip(chosen, conditions, strict=True):
        one = pc.field("replay_id").isin(part["replay_id"].combine_chunks())
        one = one if condition is None else one & condition
        rows = one if rows is None else rows | one
    return Selection(union, rows)


def _alternatives(filters: Sequence[Any]) -> list[list[Condition]]:
    alternatives = [list(filters)] if isinstance(filters[0], tuple) else [list(part) for part in filters]
    for condition in (condition for alternative in alternatives for condition in alternative):
        if not (isinstance(condition, tuple) and len(condition) == 3):
            raise ConfigError("filters", f"{condition!r} is not a condition like ('team_size', '=', 3)")
    return alternatives


def _expression(conditions: Sequence[Condition], schema: pa.Schema) -> pc.Expression:
    try:
        expression = reduce(operator.and_, (_comparison(condition, schema) for condition in conditions))
        schema.empty_table().filter(expression)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
        raise ConfigError("filters", f"{list(conditions)} cannot be applied ({one_line(error)})") from error
    return expression


def _comparison(condition: Condition, schema: pa.Schema) -> pc.Expression:
    name, sign, value = condition
    check_known("filters", sign, (*_COMPARISONS, "in", "not in"))
    field = pc.field(name)
    if schema.field(name).type == pa.float16():
        field = field.cast(pa.float32())  # Arrow compares halves with nothing
    if sign in _COMPARISONS:
        return _COMPARISONS[sign](field, value)
    among = field.isin(list(value))
    return among if sign == "in" else ~among


def _fits(expression: pc.Expression, schema: pa.Schema) -> bool:
    try:
        schema.empty_table().filter(expression)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
