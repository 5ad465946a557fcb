"""Collection: replay files from a source, verified and listed in an exact manifest.

Where do I go to ...

- download a group from a program: :func:`download_group`, with a :class:`CollectionConfig`
- change what a call to the server does when it fails: ``client``; how fast calls may follow: ``pacing``
- change what is a replay's own fault and what the service's: ``downloading``, ``evidence``; how long it is waited for: ``patience``
- change how groups and queries are listed: ``listing``; what proves a list whole: ``completeness``; what an entry gives: ``entries``
- change what is downloaded, or which of several uploads is taken: ``ballchasing``, ``selection``
- change when a run fails although it ended, or the table of listings: ``certificate``
- see what is remembered between runs: ``ledger``, ``listings``; how a lost one is made again: ``rebuilding``
- watch a running job: ``status``
- change what makes a file good, or the manifest: ``intake``; where files are kept: ``raw_storage``, ``impulse.s3.bucket``
- change where a store finds files that it lacks: ``adoption``
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from impulse.collection.config import CollectionConfig
    from impulse.collection.facade import DownloadIncomplete, DownloadResult, download_group

__all__ = ["CollectionConfig", "DownloadIncomplete", "DownloadResult", "download_group"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has the name
    """Import a name at its first use, because requests takes time that a stage with files of this machine need not wait."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "config" if name == "CollectionConfig" else "facade"
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
