"""What determines each product of a replay, as the name that the store keeps it by.

A key is the hash of the product's code, the settings that it reads, its inputs and the parser's version. NumPy and PyArrow
are no part of it, because they decide no value; so an upgrade of them parses nothing again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from impulse.config.engine import EngineParams
from impulse.config.parse import ParseParams
from impulse.decoding.array_call import parser_version
from impulse.files.digest import code_digest, product_digest
from impulse.files.records import Entry
from impulse.parsing.on_request import Product, asked_for
from impulse.products.frames.product import FRAMES
from impulse.products.measures import HEADER_FACTS
from impulse.schema.features import features_to_parse, frame_layout
from impulse.schema.sampling import FrameSettings, Sampling

MAKER, MAKER_ON_REQUEST = "parsing/work.py", "parsing/on_request.py"
"""What calls the products; what it gives them decides as they do."""


@dataclass(frozen=True, slots=True)
class ProductKeys:
    """What is common to the results of a run, by product."""

    frames_inputs: Mapping[str, Any]
    measures_inputs: Mapping[str, Any]
    on_request_inputs: Mapping[str, Mapping[str, Any]]
    """By setting."""
    limits: Mapping[str, Any]
    """What a worker may use."""

    @classmethod
    def of(cls, params: ParseParams, engine: EngineParams) -> ProductKeys:
        """Return the keys for the settings, with the code and the parser that are installed."""
        layout = frame_layout(params.global_features, params.player_features, slots_per_team=params.slots_per_team)
        settings = {field.name: getattr(params, field.name) for field in fields(FrameSettings)}
        # Those that every replay is parsed with and the further ones, so that a smaller choice parses nothing.
        settings |= {"global_features": layout.global_features, "player_features": layout.player_features}
        if params.sampling is Sampling.native:
            settings["fps"] = None  # it means nothing then
        if params.sampling is not Sampling.parser:
            settings["gap_rows"] = None  # there are none
        common = {"maker": code_digest(MAKER)}
        with_parser = {**common, "parser": parser_version()}
        return cls(
            {"code": product_digest("products/frames"), **with_parser, **settings},
            {"code": product_digest("products/measures.py"), **common},
            {product.setting: {**_of_product(product), **with_parser} for product in asked_for(params)},
            {"timeout_seconds": engine.timeout_seconds, "memory_limit_mb": engine.memory_limit_mb},
        )

    def frames(self, manifest: Mapping[str, Any]) -> str:
        """Return the key of a replay's frames.

        Args:
            manifest: its row of the manifest.
        """
        return _hashed({**self.frames_inputs, "replay_id": manifest["replay_id"], "sha256": manifest["sha256"]})

    def at_limits(self, key: str) -> str:
        """Return the key of what ended a product's worker, as far as the limits of time and memory are these."""
        return _hashed({"key": key, **self.limits})

    def measures(self, manifest: Mapping[str, Any], frames: Entry) -> str:
        """Return the key of a replay's measures, which follow from the content of its frames and not from their key."""
        header = {name: manifest[name] for name in HEADER_FACTS}
        return _hashed({**self.measures_inputs, "header": header, **_content(frames)})

    def on_request(self, setting: str, manifest: Mapping[str, Any], frames: Entry) -> str:
        """Return the key of a product that a setting asks for."""
        return _hashed({**self.on_request_inputs[setting], "sha256": manifest["sha256"], **_content(frames)})


def parsed_with(settings: ParseParams) -> ParseParams:
    """Return the settings that decide about values: a choice of features that parsing has anyway is none of them."""
    global_features, player_features = features_to_parse(
        settings.global_features, settings.player_features, slots_per_team=settings.slots_per_team
    )
    return replace(settings, global_features=global_features, player_features=player_features)


def _of_product(product: Product) -> dict[str, Any]:
    return {"code": product_digest(product.code), "keeper": code_digest(MAKER_ON_REQUEST), **product.inputs}


def _content(frames: Entry) -> dict[str, Any]:
    tables = {name: frames.facts[name] for name in ("players", "player_ids", "stints", "goals")}
    return {"frames": frames.files[FRAMES].sha256, **tables}


def _hashed(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
