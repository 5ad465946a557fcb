"""Which replays and which rows a filter asks for.

Replays are chosen first, by their table, so that a condition such as ``players_a_side == 3`` decides which parts of the frames
are read at all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from impulse.errors import ConfigError, check_known, one_line
from impulse.loading.renamed import check_column, explain_renamed
from impulse.tables.paths import SPLITS

Condition: TypeAlias = tuple[str, str, Any]
Filters: TypeAlias = pc.Expression | Sequence[Condition] | Sequence[Sequence[Condition]]
"""As in pyarrow: an expression, a list of conditions that all hold, or a list of such lists of which one holds.

No comparison holds where the value is null, ``!=`` neither. ``in`` holds there if None is in the list, and ``not in`` if it is
not: ``('segment', 'in', [None])`` takes the rows outside play, ``('segment', 'not in', [None])`` those in play.
"""


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
            explain_renamed("filters", str(filters), (*replays.schema.names, *table.names))
            raise ConfigError(
                "filters",
                f"{filters}: names a column that is not there, compares it with another type, or mixes columns of replays "
                "and of rows; such a mix is given as a list, like [('players_a_side', '=', 3), ('ball_pos_z', '>', 1000)]",
            )
        return Selection(replays, filters)
    if filters is None or not (alternatives := _alternatives(filters)):
        return Selection(replays, None)
    return _select_by_lists(replays, table, alternatives)


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
    if filters is None or not (alternatives := _alternatives(filters)):
        return None
    for name in (name for alternative in alternatives for name, *_ in alternative):
        check_column("filters", name, table.names)
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
            check_column("filters", name, dict.fromkeys((*replays.schema.names, *table.names)))
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


def checked_splits(split: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return names of splits as they are given, None for all.

    Raises:
        ConfigError: there is no such split.
    """
    if split is None:
        return None
    splits = (split,) if isinstance(split, str) else _items("split", split, "'train' or ['train', 'val']")
    for name in splits:
        check_known("split", name, SPLITS)
    return tuple(splits)


def listed_columns(columns: Sequence[str]) -> list[str]:
    """Return names of columns as they are given, each once.

    Raises:
        ConfigError: it is no list.
    """
    names = (columns,) if isinstance(columns, str) else _items("columns", columns, "['time', 'ball_pos_z']")
    return list(dict.fromkeys(names))


def _alternatives(filters: Sequence[Any]) -> list[list[Condition]]:
    """Return the lists of conditions of which one must hold; none where everything is taken."""
    example = "an expression, or a list of conditions like [('players_a_side', '=', 3)]"
    parts = _items("filters", filters, example)
    if isinstance(filters, tuple) and any(isinstance(part, str) for part in parts):
        raise ConfigError("filters", f"{filters!r} must be in a list: [{filters!r}]")
    if not parts:
        return []
    alternatives = [parts] if isinstance(parts[0], tuple) else [_items("filters", part, example) for part in parts]
    for alternative in alternatives:
        if not alternative:
            raise ConfigError("filters", "a list without conditions is among others; leave it out")
        for condition in alternative:
            if not (isinstance(condition, tuple) and len(condition) == 3):
                raise ConfigError("filters", f"{condition!r} is not a condition like ('players_a_side', '=', 3)")
    return alternatives


def _items(key: str, value: object, example: str) -> list[Any]:
    """Return what a list has; other things that can be gone through (texts, mappings) are slips."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise ConfigError(key, f"{value!r} is not {example}")
    return list(value)


def _expression(conditions: Sequence[Condition], schema: pa.Schema) -> pc.Expression:
    try:
        expression = reduce(operator.and_, (_comparison(condition, schema) for condition in conditions))
        schema.empty_table().filter(expression)
    except ConfigError:
        raise
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, TypeError, ValueError) as error:
        raise ConfigError("filters", f"{list(conditions)} cannot be applied ({one_line(error)})") from error
    return expression


def _comparison(condition: Condition, schema: pa.Schema) -> pc.Expression:
    name, sign, value = condition
    check_known("filters", sign, (*_COMPARISONS, "in", "not in"))
    field, kind = pc.field(name), schema.field(name).type
    if kind == pa.float16():
        field, kind = field.cast(pa.float32()), pa.float32()  # Arrow compares halves with nothing
    if sign in _COMPARISONS:
        if value is None:
            raise ConfigError(
                "filters", f"{condition!r} never holds; ({name!r}, 'in', [None]) takes nulls, 'not in' all others"
            )
        return _COMPARISONS[sign](field, value)
    values = _items("filters", value, f"a list, which {sign!r} needs, like [{value!r}]")
    names = kind.value_type if pa.types.is_dictionary(kind) else kind
    # An empty list, or one of None alone, has no type of its own.
    among = field.isin(pa.array(values, None if any(one is not None for one in values) else names))
    return among if sign == "in" else ~among


def _fits(expression: pc.Expression, schema: pa.Schema) -> bool:
    try:
        schema.empty_table().filter(expression)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
