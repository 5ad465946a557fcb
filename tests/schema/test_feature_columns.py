from __future__ import annotations

import numpy as np
import pytest

from impulse.errors import ConfigError, SchemaError
from impulse.schema import features
from impulse.schema.column import SCHEMA_VERSION, arrow_schema
from impulse.schema.feature_columns import feature_sources
from impulse.schema.features import (
    FEATURE_PRESETS,
    GLOBAL_FEATURES,
    PLAYER_FEATURES,
    frame_layout,
)


@pytest.mark.parametrize("name", GLOBAL_FEATURES + PLAYER_FEATURES)
def test_every_feature_is_known_to_the_parser_and_the_schema(name: str) -> None:
    """Each header of the installed parser has a column of its own, those of players one for each slot."""
    is_player = name in PLAYER_FEATURES
    headers = (features.player_headers if is_player else features.global_headers)(name)
    columns = [source.column.name for source in feature_sources(name, headers, player=is_player)]
    assert len(set(columns)) == len(headers) > 0
    assert all(("{slot}" in column) == is_player for column in columns)


def test_an_unknown_header_is_an_error() -> None:
    """A parser that renames a header cannot slip values into the wrong column."""
    with pytest.raises(SchemaError, match="boost level"):
        feature_sources("PlayerBoost", ("boost level",), player=True)


@pytest.mark.parametrize("preset", FEATURE_PRESETS)
@pytest.mark.parametrize("slots", [1, 4])
def test_layout_names_every_column_once(preset: str, slots: int) -> None:
    """Column names are unique, also where several features deliver the same quantity."""
    chosen = FEATURE_PRESETS[preset]
    columns = frame_layout(chosen.global_features, chosen.player_features, slots_per_team=slots).columns
    names = [column.name for column in columns]
    assert len(names) == len(set(names))
    assert sum(name.endswith("_present") for name in names) == 2 * slots + 1
    assert {column.duplicate_of for column in columns} - {""} <= set(names)


def test_layout_finds_features_where_the_parser_puts_them() -> None:
    """Offsets in the layout are the positions of the parser's own headers."""
    chosen = FEATURE_PRESETS["all"]
    layout = frame_layout(chosen.global_features, chosen.player_features, slots_per_team=3)
    headers = [header for name in layout.global_features for header in features.global_headers(name)]
    assert layout.global_width == len(headers)
    assert [headers[column] for column in layout.global_at["SecondsRemaining"]] == ["seconds remaining"]
    block = [header for name in layout.player_features for header in features.player_headers(name)]
    assert layout.player_width == len(block)
    assert [block[column] for column in layout.player_at["PlayerBoost"]] == ["boost level (raw replay units)"]


def test_every_column_says_what_it_means() -> None:
    """Field metadata carries meaning and source, and the unit of everything that has one."""
    chosen = FEATURE_PRESETS["standard"]
    columns = frame_layout(chosen.global_features, chosen.player_features, slots_per_team=2).columns
    schema = arrow_schema(columns)
    assert schema.metadata[b"impulse_schema_version"] == str(SCHEMA_VERSION).encode()
    for column, field in zip(columns, schema, strict=True):
        assert field.metadata[b"description"]
        assert (b"unit" in field.metadata) == bool(column.unit)
    assert schema.field("ball_vel_x").metadata[b"unit"] == b"uu/s"
    assert schema.field("p0_angvel_z").metadata[b"unit"] == b"rad/s"
    assert np.isclose(float(schema.field("p0_vel_x").metadata[b"max"]), 2311.5)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("BallRigidBdy", "did you mean BallRigidBody"), ("xyz", "known are"), ("SecondRemaining", "SecondsRemaining")],
)
def test_unknown_features_are_answered_with_the_nearest_names(name: str, hint: str) -> None:
    """A typing mistake is answered with what was probably meant."""
    with pytest.raises(ConfigError, match=name) as caught:
        features.check_features("parse.global_features", [name], GLOBAL_FEATURES)
    assert hint in str(caught.value)
