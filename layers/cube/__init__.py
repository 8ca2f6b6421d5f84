"""The cube: prepared values by place, time and breakdown, laid out in rows and columns.

A cell that is a place has the value every other page shows of it; a group that is no place (all
small organisations of a province, the provinces that a filter leaves) is added up here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from geo_service.core.errors import TooManyCells
from geo_service.core.known import remembered
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import breaks, periods
from layers.analysis import cube as arithmetic
from layers.analysis.cube import EMPTY, Cell
from layers.cube import places as cube_places
from layers.cube.axes import (
    Ground,
    Header,
    MemberNames,
    Members,
    count_within,
    headers,
    in_order,
)
from layers.cube.cells import TOTAL, Cells, Subject, rule_of
from layers.cube.filter import periods_where, places_where
from layers.cube.known import names_of
from layers.cube.parts import Parts, measures_in, memberships, take_apart
from layers.cube.places import Place, Places, group_of
from layers.cube.query import (
    AREA_LEVELS,
    PLACE_DIMENSIONS,
    Asked,
    Measure,
    Question,
    check_places,
    refuse,
    settle,
)
from layers.cube.slices import choose_slices, periods_of, slice_names
from layers.cube.times import lay, member_in, time_of
from layers.indicators import IndicatorInfo
from layers.questions import choose_period

#: Values of one answer: a page of them is large enough for a spreadsheet.
MOST_CELLS = 100_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an answer: its header, and a cell for each column and measure."""

    header: Header
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The answer: ``matched`` rows met the question, of which ``rows`` are shown.

    Cells go by column, and within a column by measure. ``level`` is that of the places behind.
    """

    question: Question
    level: str
    columns: tuple[Header, ...]
    rows: tuple[Row, ...]
    matched: int
    places: Places


def question_of(session: Session, asked: Asked) -> Question:
    """Check a question against the catalogue.

    Parameters
    ----------
    session : Session
        Open.
    asked : Asked
        As it was written.

    Returns
    -------
    Question
        Whose every name is known.
    """
    return settle(asked, names_of(session))


def subjects_of(session: Session, question: Question) -> tuple[str, ...]:
    """Name the subjects an answer depends on, as `layers.versions` does.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Of `question_of`.

    Returns
    -------
    tuple of str
        Areas, organisations and every indicator.
    """
    catalogue = names_of(session).indicators
    parts = take_apart(question.filter, question.slices, catalogue)
    keys = {*question.indicators, *measures_in(parts.places, catalogue)}
    return ("areas", "orgs", *(f"indicator:{key}" for key in sorted(keys)))


def answer(session: Session, question: Question) -> Table:
    """Answer a question.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Of `question_of`.

    Returns
    -------
    Table
        Never more than `MOST_CELLS` cells.
    """
    return _Answer(session, question).table()


class _Answer:
    """One question on its way to a table."""

    def __init__(self, session: Session, question: Question) -> None:
        self._session, self._question = session, question
        self._catalogue = names_of(session).indicators
        self._parts = take_apart(question.filter, question.slices, self._catalogue)
        self._level = _level_of(question, self._parts, self._catalogue)
        known = periods.known(session)
        self._known = {
            key: known.get((key, self._level), ())
            for key in {*question.indicators, *measures_in(self._parts.places, self._catalogue)}
        }
        self._slices = choose_slices(session, question, self._parts)
        chosen = self._chosen_periods()
        axes = (time_of(question.rows), time_of(question.columns))
        own = {key: chosen[key] for key in question.indicators}
        self._times = lay(own, self._known, self._catalogue, axes)
        self._places = cube_places.read(session, question.scheme)
        self._ground = self._find_ground(chosen)
        self._periods = sorted({one for found in own.values() for one in found}, key=_by_time)
        rules = {key: rule_of(self._catalogue[key], self._catalogue) for key in own}
        self._rules = rules
        self._cells = Cells(session, rules)

    def table(self) -> Table:
        """Lay out the rows and columns, and fill them.

        Returns
        -------
        Table
            The answer.
        """
        question = self._question
        columns = self._headers(question.columns, with_totals=question.column_totals)
        rows = self._headers(question.rows, with_totals=question.row_totals)
        matched = sum(not row.is_total for row in rows)
        rows = self._in_order(rows, columns)
        self._limit(len(rows) * len(columns) * len(question.measures))
        spots = [(row, column) for row in rows for column in columns]
        self._read(spots, question.measures)
        filled = tuple(
            Row(
                row,
                tuple(
                    self._cell(row, column, measure)
                    for column in columns
                    for measure in question.measures
                ),
            )
            for row in rows
        )
        return Table(question, self._level, tuple(columns), filled, matched, self._places)

    def _chosen_periods(self) -> dict[str, tuple[Period, ...]]:
        if self._parts.times:
            wanted = periods_where(self._session, self._parts.times)
            return {
                key: tuple(one for one in found if one.key in wanted)
                for key, found in self._known.items()
            }
        times = time_of(self._question.axes)
        if times:
            return {
                key: tuple(one for one in found if member_in(one, times))
                for key, found in self._known.items()
            }
        # Of a breakdown the latest period is the latest in which it is known.
        told = periods_of(self._session, self._slices, self._level)
        return {
            key: tuple(one for one in found if key not in told or one.key in told[key])[-1:]
            for key, found in self._known.items()
        }

    def _find_ground(self, chosen: Mapping[str, Sequence[Period]]) -> Ground:
        question, level, places = self._question, self._level, self._places
        days = tuple(sorted({one.end for found in chosen.values() for one in found}))

        def find() -> tuple[list[Place], Mapping[tuple[str, str], int]]:
            found = [one for one in places.at(level).values() if one.is_in_force(days)]
            return found, count_within(found, places)

        key = ("cube_ground", question.scheme, level, days)
        leaves, counts = remembered(self._session, key, find)
        plain, others = memberships(self._parts.places)
        for name, codes in plain:
            leaves = [one for one in leaves if one.within.get(name) in codes]
        axes = [name for name in question.axes if name in PLACE_DIMENSIONS]
        leaves = [one for one in leaves if group_of(one, axes) is not None]
        if others:
            kept = places_where(
                self._session, others,
                level=level, scheme=question.scheme, chosen=chosen, known=self._known,
            )  # fmt: skip
            leaves = [one for one in leaves if one.code in kept]
        return Ground(places, leaves, counts)

    def _headers(self, dimensions: Sequence[str], *, with_totals: bool) -> list[Header]:
        places = [one for one in dimensions if one in PLACE_DIMENSIONS]
        times = time_of(dimensions)
        members = Members(
            self._ground.members(places),
            sorted(
                {found for one in self._periods if (found := member_in(one, times)) is not None}
            ),
            self._slices.members([one for one in dimensions if one in self._question.slices]),
        )
        self._limit(members.count())
        names = MemberNames(self._places, slice_names(self._session))
        return headers(dimensions, members, names, with_totals=with_totals)

    def _limit(self, count: int) -> None:
        if count > MOST_CELLS:
            raise TooManyCells(
                Text(
                    th=f"ตารางนี้มี {count:,} ช่อง เกิน {MOST_CELLS:,} ช่อง"
                    " จำกัดพื้นที่หรือเวลาด้วย filter หรือใช้ top",
                    en=f"The table would have {count:,} cells, more than {MOST_CELLS:,};"
                    " narrow places or time by a filter, or ask for the top rows",
                ),
                cells=count,
                most=MOST_CELLS,
            )

    # Rows within their parent, by the last column.
    def _in_order(self, rows: list[Header], columns: Sequence[Header]) -> list[Header]:
        question = self._question
        if question.sort is None or not question.rows:
            return rows
        by = question.sort
        # A filter may leave no column: then no row comes before another.
        last = ([one for one in columns if not one.is_total] or list(columns))[-1:]
        self._read([(row, column) for row in rows for column in last], [by])
        values = {row.keys: self._cell(row, last[0], by).value if last else None for row in rows}
        top = None if question.top is None else question.top.count
        return in_order(rows, values, is_falling=question.is_falling, top=top)

    def _read(self, spots: Sequence[tuple[Header, Header]], measures: Sequence[Measure]) -> None:
        keys = {measure.indicator.key for measure in measures}
        forms = {measure.form for measure in measures}
        wanted = list(spots)
        if "share" in forms:
            wanted += [_above(row, column) for row, column in spots]
        subjects: dict[Subject, None] = {}
        periods: set[str] = set()
        for row, column in dict.fromkeys(wanted):
            subject = self._ground.subject(row.places + column.places)
            if subject is not None:
                subjects[subject] = None
        for when in {row.times + column.times for row, column in wanted}:
            for key in keys:
                periods |= {one.key for one in self._times.of(key, when)}
                if forms & {"change", "change_pct"}:
                    periods |= {one.key for one in self._times.earlier(key, when)}
                periods |= {one.key for one in self._base(key)}
        self._cells.read(subjects, keys, periods, self._slices.by_indicator(keys))
        ranked = {one.indicator.key for one in measures if one.form == "rank"}
        if ranked:
            self._read_ranks(subjects, ranked, periods)

    def _read_ranks(
        self, subjects: Iterable[Subject], keys: Collection[str], periods: Collection[str]
    ) -> None:
        for level in {one.level for one in subjects if isinstance(one, Place)}:
            traits = self._question.peers or (("kind",) if level == "org" else ())
            peers: dict[tuple[str, ...], list[Place]] = {}
            for place in self._places.at(level).values():
                group = tuple(place.within.get(name, "") for name in traits)
                peers.setdefault(group, []).append(place)
            self._cells.read_ranks(level, peers, keys, periods)

    def _base(self, key: str) -> tuple[Period, ...]:
        base = self._question.base
        found = None if base is None else choose_period(self._known[key], base)
        return () if found is None else (found,)

    def _cell(self, row: Header, column: Header, measure: Measure) -> Cell:
        key = measure.indicator.key
        subject = self._ground.subject(row.places + column.places)
        if subject is None:
            return EMPTY
        when = row.times + column.times
        what = self._slices.of(key, row.slices + column.slices)
        cell = self._cells.of(subject, key, self._times.of(key, when), what)
        if measure.form == "rank":
            return self._cells.rank(subject, key, cell) if what == (TOTAL,) else EMPTY
        if measure.form == "share":
            above = self._value(*_above(row, column), key)
            return arithmetic.share(cell, above, self._rules[key])
        if measure.form in _OF_ITSELF:
            return _OF_ITSELF[measure.form](cell)
        now = self._times.of(key, when)
        is_base = measure.form.startswith("base_")
        before = self._base(key) if is_base else self._times.earlier(key, when)
        compare = arithmetic.change_pct if measure.form.endswith("_pct") else arithmetic.change
        found = compare(cell, self._cells.of(subject, key, before, what))
        return self._marked(found, key, before, now)

    def _value(self, row: Header, column: Header, key: str) -> Cell:
        subject = self._ground.subject(row.places + column.places)
        if subject is None:
            return EMPTY
        periods = self._times.of(key, row.times + column.times)
        return self._cells.of(
            subject, key, periods, self._slices.of(key, row.slices + column.slices)
        )

    # A change across a break of the series is told, but marked.
    def _marked(
        self, cell: Cell, key: str, before: Sequence[Period], now: Sequence[Period]
    ) -> Cell:
        if not before or not now:
            return cell
        first, last = sorted((before[-1].end, now[-1].end))
        if any(first < one.effective <= last for one in breaks.of_all(self._session).get(key, ())):
            return replace(cell, flags=(*cell.flags, "series-break"))
        return cell


_OF_ITSELF: Mapping[str, Callable[[Cell], Cell]] = {
    "value": lambda cell: cell,
    "numerator": lambda cell: arithmetic.part(cell, "numerator"),
    "denominator": lambda cell: arithmetic.part(cell, "denominator"),
    "reporting": arithmetic.reporting,
}


def _level_of(question: Question, parts: Parts, catalogue: Mapping[str, IndicatorInfo]) -> str:
    named = {*question.axes, *parts.dimensions}
    check_places(named)
    found = cube_places.finest(named) or "country"
    if question.level is None:
        if found == "country" and measures_in(parts.places, catalogue):
            refuse(
                Text(
                    th="filter มีเงื่อนไขของค่า ระบุ level ว่าเป็นของพื้นที่ระดับใด เช่น province",
                    en="The filter asks about values; name the level of the places it means,"
                    " such as level=province",
                ),
                "level",
            )
        return found
    levels = (*AREA_LEVELS, "org")
    if levels.index(question.level) < levels.index(found):
        refuse(
            Text(
                th=f"level หยาบกว่า {found} ที่คำถามใช้",
                en=f"level is coarser than {found}, which the question names",
            ),
            "level",
        )
    return question.level


# What a share is a share of: the row above or, without rows, the column.
def _above(row: Header, column: Header) -> tuple[Header, Header]:
    if row.keys:
        return row.parent, column
    return row, column.parent if column.keys else column


def _by_time(period: Period) -> tuple[object, ...]:
    return period.end, period.start, period.key
