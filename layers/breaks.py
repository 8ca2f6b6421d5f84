"""Days at which a series changes its meaning: no change is told across them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.models import SeriesBreak


@dataclass(frozen=True, slots=True)
class Break:
    """One such day, and what changed."""

    effective: date
    note: Text


def of_all(session: Session) -> Mapping[str, tuple[Break, ...]]:
    """List the breaks of every series that has any.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    mapping of str to tuple of Break
        By indicator, the earliest first; remembered with the state of the data.
    """

    def find() -> dict[str, tuple[Break, ...]]:
        found: dict[str, tuple[Break, ...]] = {}
        for row in session.scalars(select(SeriesBreak).order_by(SeriesBreak.effective)):
            told = Break(row.effective, Text(row.note_th, row.note_en))
            found[row.indicator_key] = (*found.get(row.indicator_key, ()), told)
        return found

    return remembered(session, "series_breaks", find)
