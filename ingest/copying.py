"""Writing many derived rows at once with COPY."""

from __future__ import annotations

from collections.abc import Iterable
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
    # An empty text is quoted, a missing one is not: COPY tells them apart.
    rows.write_csv(text, include_header=False, quote_style="non_numeric")
    text.seek(0)
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    cursor: Any = session.connection().connection.cursor()
    cursor.copy_expert(f'COPY {SCHEMA}."{table}" ({columns}) FROM STDIN (FORMAT csv)', text)
    cursor.close()
    return rows.height


def array_text(words: Iterable[str]) -> str:
    """Write an array of text as PostgreSQL reads it.

    Parameters
    ----------
    words : iterable of str
        Its elements.

    Returns
    -------
    str
        For a column of ``copy_rows``.
    """
    quoted = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"
