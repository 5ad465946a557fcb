"""``croissant.json``: the dataset's tables and columns in the Croissant vocabulary, for search engines and loaders.

It names no counts and no hashes (checksums.sha256 has those), so that adding replays leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from impulse.schema.column import SCHEMA_VERSION, Column

CROISSANT = "croissant.json"

_TYPES = {
    "bool": "sc:Boolean",
    "string": "sc:Text",
    "category": "sc:Text",
    "timestamp": "sc:DateTime",
    "float16": "sc:Float",
    "float32": "sc:Float",
    "float64": "sc:Float",
}
"""Croissant's types; all others are integers."""

_TERMS = (
    "citeAs",
    "column",
    "equivalentProperty",
    "extract",
    "field",
    "fileProperty",
    "fileObject",
    "fileSet",
    "format",
    "includes",
    "isLiveDataset",
    "jsonPath",
    "key",
    "md5",
    "parentField",
    "path",
    "recordSet",
    "references",
    "regex",
    "repeated",
    "replace",
    "samplingRate",
    "separator",
    "source",
    "subField",
    "transform",
)
"""Croissant's own words."""

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    **{name: f"cr:{name}" for name in _TERMS},
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}


def croissant_document(
    tables: Mapping[str, Sequence[Column]], *, title: str, description: str, rights: str
) -> dict[str, Any]:
    """Return the document.

    Args:
        tables: columns of each table that is there; ``frames`` and ``frames_long`` are folders of shards.
        title: name of the dataset.
        description: what it is, in a sentence or two.
        rights: who holds the rights.
    """
    return {
        "@context": _CONTEXT,
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
                "includes": f"{name}/*/*.parquet" if _is_sharded(name) else f"{name}.parquet",
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
            "dataType": _TYPES.get(column.dtype, "sc:Integer"),
            "source": {**files, "extract": {"column": column.name}},
        }
    if _is_sharded(table):
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


def _is_sharded(table: str) -> bool:
    return table in ("frames", "frames_long")
