"""A short number for the content of every layer, to tell whether two databases hold the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

from geo_service.core.db import SCHEMA

#: Tables whose rows belong to parts: a column that names the layer, indicator or level.
PARTS = {
    "area": "level",
    "drawing": "collection_id",
    "feature": "layer_id",
    "hexbin": "indicator_key",
    "observation": "indicator_key",
    "org": "kind",
    "place_value": "indicator_key",
    "sealed_value": "indicator_key",
}
#: Who is signed in just now is nothing to keep.
PASSING = ("openid_flow", "sign_in_attempt", "web_session")


@dataclass(frozen=True, slots=True, order=True)
class Layer:
    """The content of a table, or of one part of it."""

    table: str
    part: str
    rows: int
    checksum: str

    @property
    def name(self) -> str:
        """Name for people: ``feature/osm-schools``."""
        return f"{self.table}/{self.part}" if self.part else self.table


@dataclass(frozen=True, slots=True)
class Difference:
    """A layer that is not the same in two databases; rows are -1 where it is not at all."""

    name: str
    rows_before: int
    rows_now: int


def read(connection: Connection) -> tuple[Layer, ...]:
    """Measure the content of every table, row order apart.

    The sum over all rows of a part of the first 60 bits of the MD5 of the row as text: good
    against accidents, no protection against forgery.

    Parameters
    ----------
    connection : Connection
        In a transaction that sees one state of the data and every row of it.

    Returns
    -------
    tuple of Layer
        In order of their names; tables without rows have one of no rows.
    """
    connection.execute(text(_PLAIN_TEXT))
    quote = connection.dialect.identifier_preparer.quote
    found: list[Layer] = []
    for table in connection.scalars(text(_TABLES), {"schema": SCHEMA, "passing": list(PASSING)}):
        part = quote(PARTS[table]) if table in PARTS else "''"
        # Names come from the database's own catalogue and from PARTS.
        rows = connection.execute(text(_SUM.format(part=part, table=quote(table))))
        found += [Layer(table, *row) for row in rows] or [Layer(table, "", 0, "")]
    return tuple(sorted(found))


def compare(before: Iterable[Layer], now: Iterable[Layer]) -> tuple[Difference, ...]:
    """Name the layers that differ.

    Parameters
    ----------
    before, now : iterable of Layer
        Of two databases, or of one at two times.

    Returns
    -------
    tuple of Difference
        In order of their names; none when both hold the same.
    """
    one = {layer.name: layer for layer in before if layer.rows}
    other = {layer.name: layer for layer in now if layer.rows}
    return tuple(
        Difference(name, _rows(one.get(name)), _rows(other.get(name)))
        for name in sorted(one.keys() | other.keys())
        if one.get(name) != other.get(name)
    )


def _rows(layer: Layer | None) -> int:
    return -1 if layer is None else layer.rows


_PLAIN_TEXT = """
SET LOCAL timezone TO 'UTC'; SET LOCAL datestyle TO 'ISO, YMD'; SET LOCAL bytea_output TO 'hex';
SET LOCAL intervalstyle TO 'postgres'; SET LOCAL extra_float_digits TO 1
"""
_TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = :schema AND c.relkind = 'r' AND c.relname <> ALL (:passing) ORDER BY c.relname
"""
_SUM = (
    """
SELECT {part}::text, count(*),
    md5(count(*) || ' ' || sum(('x' || left(md5(t::text), 15))::bit(60)::bigint::numeric))
FROM """
    + SCHEMA
    + """.{table} t GROUP BY 1
"""
)
