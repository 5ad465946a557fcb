"""``croissant.json``: the dataset's tables and columns in the Croissant vocabulary, for search engines and loaders.

It names no counts and no hashes (checksums.sha256 has those), so that adding replays leaves it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from impulse.schema.column import SCHEMA_VERSION, Column

CROISSANT = "croissant.json"

_VOCABULARY: dict[str, Any] = json.loads(
    Path(__file__).with_name("croissant_vocabulary.json").read_text(encoding="utf-8")
)
"""What the words of the document mean (``context``), and Croissant's types by ours (``types``; others are integers)."""


def croissant_document(
    tables: Mapping[str, Sequence[Column]], *, title: str, description: str, rights: str
) -> dict[str, Any]:
    """Return the document.

    Args:
        tables: columns of each table that is there; ``frames`` is a folder of shards.
        title: name of the dataset.
        description: what it is, in a sentence or two.
        rights: who holds the rights.
    """
    return {
        "@context": _VOCABULARY["context"],
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": title,
        "description": description,
        "license": rights,
        "citeAs": f"{title}, made by impulse, schema version {SCHEMA_VERSION}",
        "creator": {"@type": "sc:Organization", "name": "impulse"},
        "url": ".",
        "version": f"{SCHEMA_VERSION}.0.0",
        "distribution": [
            {
                "@type": "cr:FileSet",
                "@id": f"{name}-files",
                "name": f"{name}-files",
                "description": f"Parquet files of {name}",
                "encodingFormat": "application/x-parquet",
                "includes": f"{name}/*/*.parquet" if name == "frames" else f"{name}.parquet",
            }
            for name in tables
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": name,
                "name": name,
                "description": f"Rows of {name}",
                "field": list(_fields(name, columns)),
            }
            for name, columns in tables.items()
        ],
    }


def _fields(table: str, columns: Iterable[Column]) -> Iterable[dict[str, Any]]:
    files = {"fileSet": {"@id": f"{table}-files"}}
    for column in columns:
        unit = f" ({column.unit})" if column.unit else ""
        yield {
            "@type": "cr:Field",
            "@id": f"{table}/{column.name}",
            "name": column.name,
            "description": column.meaning + unit,
            "dataType": _VOCABULARY["types"].get(column.dtype, "sc:Integer"),
            **({"repeated": True} if column.dtype.startswith("list") else {}),
            "source": {**files, "extract": {"column": column.name}},
        }
    if table == "frames":
        yield {
            "@type": "cr:Field",
            "@id": f"{table}/split",
            "name": "split",
            "description": "train, val or test",
            "dataType": "sc:Text",
            "source": {
                **files,
                "extract": {"fileProperty": "fullpath"},
                "transform": {"regex": ".*split=([a-z]+)[/\\\\].*"},
            },
        }
