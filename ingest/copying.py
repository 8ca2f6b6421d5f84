"""Writing many derived rows at once with COPY."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from geo_service.core.db import SCHEMA


def copy_rows(session: Session, table: str, rows: pl.DataFrame) -> int:
    """Append rows to a table.

    Parameters
    ----------
    session : Session
        Open in a transaction; the caller commits.
    table : str
        One of our tables, from our own code only.
    rows : DataFrame
        Columns by the names of the table's; shapes as hexadecimal EWKB with their own CRS.

    Returns
    -------
    int
        Number of rows written.
    """
    text = BytesIO()
    rows.write_csv(text, include_header=False)
    text.seek(0)
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    cursor: Any = session.connection().connection.cursor()
    cursor.copy_expert(f'COPY {SCHEMA}."{table}" ({columns}) FROM STDIN (FORMAT csv)', text)
    cursor.close()
    return rows.height
