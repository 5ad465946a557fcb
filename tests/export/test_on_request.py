"""Tables on request in the dataset: as parse made them, of exported replays alone, described like all others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.exported import exported, prepared_data
from tests.jobs import job

from impulse.config.parsing_config import ParsingConfig
from impulse.parsing import stage as parsing
from impulse.tables.event_kinds.catalogue import EVENT_KINDS
from impulse.tables.on_request import TABLES_ON_REQUEST


@pytest.mark.slow
def test_tables_on_request_are_exported_and_described(tmp_path: Path) -> None:
    data = prepared_data(tmp_path, matches=2, seconds=8.0)
    plain = exported(data, tmp_path / "plain")
    asking = dataclasses.replace(ParsingConfig.get_preset("standard").params(), events=True, stats=True, pads=True)
    parsing.run(job(asking, data))
    dataset = exported(data, tmp_path / "more")

    document = json.loads((dataset / "schema.json").read_text())
    card, views = (dataset / "README.md").read_text(), (dataset / "analysis.sql").read_text()
    replays = pq.read_table(dataset / "replays.parquet")["replay_id"]
    for name, columns in TABLES_ON_REQUEST.items():
        table, made = (pq.read_table(folder / f"{name}.parquet") for folder in (dataset, data / "parsed"))
        kept = made.filter(pc.is_in(made["replay_id"], value_set=replays.combine_chunks()))
        assert table.to_pydict() == kept.to_pydict()
        assert 0 < table.num_rows < made.num_rows
        assert [column["name"] for column in document["tables"][name]] == [column.name for column in columns]
        assert document["files"][f"{name}.parquet"]["rows"] == table.num_rows
        assert f"`{name}.parquet`" in card
        assert f"VIEW {name} " in views
        assert not (plain / f"{name}.parquet").exists()
    assert document["event_kinds"].keys() == EVENT_KINDS.keys()
    assert document["event_kinds"]["boost_pickups"]["detail"]["collected_amount"]["unit"] == "1/255 of a tank"
    assert "event_kinds" not in json.loads((plain / "schema.json").read_text())
    assert "player_stats" not in (plain / "README.md").read_text()
