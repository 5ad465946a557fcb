"""Arrow tables to pandas without inventing values: null stays null, integers stay integers."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

_NULLABLE: dict[pa.DataType, pd.api.extensions.ExtensionDtype] = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a table as a DataFrame.

    Floats are NumPy floats with NaN for null; integers and booleans are pandas' nullable types where the schema lets
    them be null, NumPy types elsewhere.
    """
    nullable = table.select([field.name for field in table.schema if field.nullable])
    always = table.select([field.name for field in table.schema if not field.nullable])
    parts = [always.to_pandas(), nullable.to_pandas(types_mapper=_NULLABLE.get)]
    frame: pd.DataFrame = pd.concat(parts, axis=1)[table.column_names]
    return frame
