"""Tables of the sample before they are written: one row per place and period."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

BUDDHIST_OFFSET = 543
NOT_REPORTED = "-"
NOT_APPLICABLE = "ไม่เกี่ยวข้อง"

Value = int | float | str | None


@dataclass(slots=True)
class Table:
    """A table as the files show it; ``None`` is written as not reported."""

    name: str
    headings: tuple[str, ...]
    rows: list[tuple[Value, ...]] = field(default_factory=list)

    def add(self, places: Sequence[str], year_be: int, columns: Iterable[Iterable[Value]]) -> None:
        """Add one period: a row per place.

        Parameters
        ----------
        places : sequence of str
            Codes.
        year_be : int
            Buddhist year of the calendar that the recipe states.
        columns : iterable of iterables
            Values by place, in the order of the headings after code and year.
        """
        listed = [_plain(column) for column in columns]
        self.rows += [
            (place, year_be, *values) for place, *values in zip(places, *listed, strict=True)
        ]

    def as_csv(self) -> bytes:
        """Write the table, the same bytes every time.

        Returns
        -------
        bytes
            UTF-8 CSV with one line of headings.
        """
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows([_said(value) for value in row] for row in self.rows)
        return out.getvalue().encode()


def be(year_ce: int) -> int:
    """Return a CE year as a Buddhist year.

    Parameters
    ----------
    year_ce : int
        For example 2024.

    Returns
    -------
    int
        For example 2567.
    """
    return year_ce + BUDDHIST_OFFSET


def with_gaps(
    values: Iterable[Value], gaps: Iterable[bool], mark: str | None = None
) -> list[Value]:
    """Replace some values by a mark.

    Parameters
    ----------
    values : iterable
        One per place.
    gaps : iterable of bool
        Where the mark goes.
    mark : str, optional
        ``None`` for not reported.

    Returns
    -------
    list
        Values and marks.
    """
    return [mark if gap else value for value, gap in zip(_plain(values), gaps, strict=True)]


def _plain(column: Iterable[Value]) -> list[Value]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _said(value: Value) -> str:
    if value is None:
        return NOT_REPORTED
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)
