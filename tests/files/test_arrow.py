from __future__ import annotations

import subprocess
import sys

from tests.paths import STAGES


def test_arrow_does_without_pandas_until_it_is_asked_for() -> None:
    """Lists, times and dictionaries are converted without it; a table for people is one of pandas as ever."""
    code = (
        "import sys, datetime; from impulse.files.arrow import leave_pandas_out; leave_pandas_out();"
        "import pyarrow as pa; now = datetime.datetime(2024, 5, 1, 12, 30, 0, 1);"
        "table = pa.table({'a': [1, None], 'b': pa.array(['x', 'y']).dictionary_encode(), 'c': [now, None]});"
        "assert table.to_pylist()[0] == {'a': 1, 'b': 'x', 'c': now};"
        "print('pandas' in sys.modules); print(type(table.to_pandas()).__module__); import pandas; print(len(sys.meta_path));"
    )
    count = len(sys.meta_path)
    env = {"PYTHONPATH": str(STAGES), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    before, after, finders = done.stdout.split()
    assert (before, after.split(".")[0]) == ("False", "pandas")
    assert int(finders) <= count  # the finder that hides it is gone
