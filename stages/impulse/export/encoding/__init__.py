"""How frames become the bytes of a dataset. The digest of this code is part of the key of every file that it writes."""

USES = (
    "files/frames.py",
    "files/numbers.py",
    "schema/beside.py",
    "schema/controls.py",
    "schema/frames.py",
    "schema/pads.py",
    "schema/sampling.py",
)
"""Code outside this folder that the bytes depend on."""
