"""Where the numbers of a cube's answer come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.indicators import IndicatorInfo
from layers.thematic.map import Source


def sources(
    session: Session, keys: Iterable[str], catalogue: Mapping[str, IndicatorInfo]
) -> tuple[Source, ...]:
    """List the data sets behind some indicators and their parts.

    Parameters
    ----------
    session : Session
        Open.
    keys : iterable of str
        Indicators.
    catalogue : mapping of str to IndicatorInfo
        Says what they are made from.

    Returns
    -------
    tuple of Source
        In the order of their ids; remembered with the state of the data.
    """
    wanted, waiting = set(), list(keys)
    while waiting:
        key = waiting.pop()
        if key in catalogue and key not in wanted:
            wanted.add(key)
            waiting += catalogue[key].parts
    told = tuple(sorted(wanted))
    return remembered(session, ("cube_sources", told), lambda: _read(session, told))


def _read(session: Session, keys: tuple[str, ...]) -> tuple[Source, ...]:
    rows = session.execute(fixed_sql("layers", "cube_sources"), {"keys": list(keys)})
    return tuple(
        Source(
            dataset_id=row.id,
            title=Text(row.title_th, row.title_en),
            publisher=Text(row.publisher_th, row.publisher_en),
            licence=row.licence,
            attribution=Text(row.attribution_th, row.attribution_en),
            url=row.source_url,
            version=row.version,
            loaded_on=row.loaded_on.isoformat() if row.loaded_on else "",
        )
        for row in rows
    )
