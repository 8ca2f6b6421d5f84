"""From the rows of a table to drafts of observations, each refusal told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from geo_service.core.errors import Refused
from geo_service.core.periods import Period
from geo_service.core.text import Text
from ingest import check, staging
from ingest.clean import Marks, Number, Problem, clean_text, read_number, read_period
from ingest.columns import Use, find_uses, known_units, wanted_headings
from ingest.drafts import Draft, Place
from ingest.load import Loading
from ingest.places import Places
from ingest.read import Row, Table, read_table
from ingest.recipe_parts import PeriodPart
from ingest.spelling import tell_repairs
from ingest.units import factor_between

#: A column with a larger share of blank cells is told in the report.
_MOSTLY_MISSING = 0.8
_FEWEST_ROWS_TO_JUDGE = 10
_TICK_ROWS = 500


def load(loading: Loading) -> None:
    """Load a table of indicator values.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``columns``.

    Raises
    ------
    Refused
        If no row can be loaded, or more rows are refused than the recipe allows.
    BadRecipe
        If a heading, an indicator or a unit of the recipe does not fit.
    UnreadableFile
        If the file is not what it claims to be.
    """
    recipe = loading.recipe
    table = read_table(loading.source, recipe.file, wanted_headings(recipe))
    reading = Reading(loading, table, find_uses(recipe, table, known_units(loading.session)))
    drafts = reading.drafts()
    loading.report.rows_read = reading.rows_read
    _refuse_hopeless(loading)
    drafts = check.run(loading, drafts, printed=reading.totals, unplaced=reading.unplaced)
    _refuse_hopeless(loading)
    staging.store(loading, drafts)
    loading.touched.update(f"indicator:{draft.indicator}" for draft in drafts)


@dataclass(slots=True)
class Reading:
    """The rows of one table becoming drafts.

    ``totals`` are totals that the file prints; ``unplaced`` are values that were
    refused for their place, or because rows contradict, and still belong to the file's sums.
    """

    loading: Loading
    table: Table
    uses: Sequence[Use]
    rows_read: int = 0
    totals: list[Draft] = field(default_factory=list)
    unplaced: list[Draft] = field(default_factory=list)
    _blank: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    _marks: Marks = field(init=False)
    _period: PeriodPart = field(init=False)
    _year: str | None = None

    def __post_init__(self) -> None:
        recipe = self.loading.recipe
        self._period = recipe.period or PeriodPart()
        if self._period.heading is not None:
            self._year = self.table.heading(self._period.heading)
        self._marks = Marks.of(recipe.missing, recipe.not_applicable, recipe.suppressed)

    def drafts(self) -> list[Draft]:
        """Read every row.

        Returns
        -------
        list of Draft
            One for each key; rows that repeat or contradict one another are settled.
        """
        recipe = self.loading.recipe
        assert recipe.place is not None  # noqa: S101  (the recipe was checked as a whole)
        places = Places(self.loading, recipe.place, self.table)
        rules = _Rules.of(self.table, recipe.rows)
        used = {*places.headings, *(one.heading for one in self.uses), self._year or ""}
        tell_repairs(self.loading, self.table.rows, used)
        drafts: list[Draft] = []
        for at, row in enumerate(self.table.rows):
            if at % _TICK_ROWS == 0:
                self.loading.progress("rows", at, len(self.table.rows))
            if row.problem is not None:
                self.rows_read += 1
                self._refuse(row, None, row.problem)
            elif rules.is_total(row):
                self.totals += self._row(row, None)
            elif rules.is_data(row):
                self.rows_read += 1
                drafts += self._row(row, places)
        self._tell_blank_columns()
        return _settled(self, drafts)

    def _row(self, row: Row, places: Places | None) -> list[Draft]:
        spec, known = self._period, None
        if self._year is not None:
            period = read_period(
                row.cells[self._year], calendar=spec.calendar, era=spec.era, monthly=spec.monthly
            )
            if isinstance(period, Problem):
                self._refuse(row, spec.heading, period)
                return []
            known = period
        drafts, told = [], set[str]()
        for use in self.uses:
            if any(clean_text(row.cells[h]) != clean_text(words) for h, words in use.when):
                continue
            draft = self._cell(row, use, places, use.period or known)
            if isinstance(draft, Problem):
                # One finding a row: a wide table would repeat it for each of its years.
                if draft.reason not in told:
                    self._refuse(row, places.heading if places else None, draft)
                told.add(draft.reason)
            elif draft is not None:
                drafts.append(draft)
        return drafts

    def _cell(
        self, row: Row, use: Use, places: Places | None, period: Period | None
    ) -> Draft | Problem | None:
        if period is None:
            return Problem("no-period", Text(th="ไม่บอกว่าเป็นปีใด", en="The row names no period"))
        said = row.cells[use.heading]
        number = read_number(said, self._marks)
        if isinstance(number, Problem):
            self._refuse(row, use.heading, number)
            return None
        is_blank = number.state == "missing"
        if is_blank:
            self._blank[use.heading].add(row.number)
        place = (
            Place("total", 0, "")
            if places is None
            else places.find(row, period.end, quiet=is_blank)
        )
        if isinstance(place, Problem):
            if is_blank:  # a blank for a place that did not exist then says nothing
                return None
            self._count_unplaced(row, use, number, period)
            return place
        draft = Draft(
            indicator=use.column.indicator, place=place, period=period, row=row.number,
            column=use.heading, said=said, state=number.state, breakdown=use.breakdown,
            flags=set(place.flags),
        )  # fmt: skip
        if number.value is not None:
            problem = self._fill(draft, row, use, number.value)
            if problem is not None:
                self._refuse(row, use.heading, problem)
                return None
        return draft

    def _fill(self, draft: Draft, row: Row, use: Use, value: float) -> Problem | None:
        if use.numerator is not None and use.denominator is not None:
            above, below = self._part(row, use.numerator), self._part(row, use.denominator)
            if above is None or not below:
                draft.state = "missing"
                return None
            draft.numerator, draft.denominator = above, below
            draft.value = use.column.factor * above / below
            return None
        less = 0.0 if use.minus is None else self._part(row, use.minus)
        times = 1.0 if use.times is None else self._part(row, use.times)
        if less is None or times is None:
            draft.state = "missing"
            return None
        value = (value - less) * times * use.column.factor
        if use.column.unit is not None:
            value *= factor_between(use.column.unit, use.unit, draft.period)
        if use.column.whole == "round":
            value = float(round(value))
        elif use.column.whole and not value.is_integer():
            return Problem(
                "not-whole", Text(th="ควรเป็นจำนวนเต็ม", en="This should be a whole number")
            )
        draft.value = value + 0.0
        return None

    def _count_unplaced(self, row: Row, use: Use, number: Number, period: Period) -> None:
        # What a refused row says still belongs to the sum of the file.
        recipe = self.loading.recipe
        draft = Draft(
            indicator=use.column.indicator, period=period, row=row.number, column=use.heading,
            place=Place((recipe.place and recipe.place.level) or "unplaced", 0, ""),
            said=row.cells[use.heading], state=number.state, breakdown=use.breakdown,
        )  # fmt: skip
        if number.value is not None and self._fill(draft, row, use, number.value) is None:
            self.unplaced.append(draft)

    def _part(self, row: Row, heading: str) -> float | None:
        number = read_number(row.cells[heading], self._marks)
        return None if isinstance(number, Problem) else number.value

    def _refuse(self, row: Row, column: str | None, problem: Problem) -> None:
        said = problem.said if problem.said is not None else row.cells.get(column or "")
        self.loading.reject(
            reason=problem.reason,
            hint=problem.hint,
            row=row.number,
            column=column,
            said=said,
            candidates=problem.candidates,
        )

    def _tell_blank_columns(self) -> None:
        for heading, rows in self._blank.items():
            blank = len(rows)
            share = blank / max(self.rows_read, 1)
            if self.rows_read >= _FEWEST_ROWS_TO_JUDGE and share > _MOSTLY_MISSING:
                self.loading.reject(
                    reason="mostly-missing",
                    hint=Text(
                        th=f"ว่าง {blank:,} จาก {self.rows_read:,} แถว เก็บเป็น 'ไม่ได้รายงาน'",
                        en=f"{blank:,} of {self.rows_read:,} rows are blank; kept as not reported",
                    ),
                    column=heading,
                    severity="flagged",
                )


@dataclass(frozen=True, slots=True)
class _Rules:
    only: Mapping[str, frozenset[str]]
    skip: Mapping[str, frozenset[str]]
    total: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, table: Table, spec: object) -> _Rules:
        return cls(*(
            {
                table.heading(heading): frozenset(clean_text(word) for word in words)
                for heading, words in getattr(spec, name).items()
            }
            for name in ("only", "skip", "total")
        ))  # fmt: skip

    def is_total(self, row: Row) -> bool:
        return any(clean_text(row.cells[h]) in words for h, words in self.total.items())

    def is_data(self, row: Row) -> bool:
        return all(clean_text(row.cells[h]) in words for h, words in self.only.items()) and not any(
            clean_text(row.cells[h]) in words for h, words in self.skip.items()
        )


def _settled(reading: Reading, drafts: list[Draft]) -> list[Draft]:
    # Keeps one draft of each key; sees to rows that repeat, contradict or moved.
    groups: dict[tuple[str, bool, int, str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        groups[draft.key].append(draft)
    kept: list[Draft] = []
    for every in groups.values():
        if len(every) > 1 or every[0].place.flags:
            kept += _one_of_all(reading, every)
        else:
            kept.append(every[0])
    return kept


def _one_of_all(reading: Reading, every: list[Draft]) -> list[Draft]:
    # Blanks of an old code say nothing, and the old code's value fills its successor's blank.
    group = [one for one in every if one.state != "missing" or not one.place.is_moved]
    if any(one.state != "missing" for one in group):
        is_filled = any(one.place.is_moved for one in group)
        group = [one for one in group if one.state != "missing" or not is_filled]
    exact = [one for one in group if not one.place.is_moved]
    if exact and len(exact) < len(group):
        _refuse_moved(reading, [one for one in group if one.place.is_moved], exact[0])
    return _one_of(reading, exact or group)


def _one_of(reading: Reading, group: list[Draft]) -> list[Draft]:
    if len(group) <= 1:
        return group
    if len({(one.value, one.state) for one in group}) == 1:
        for other in group[1:]:
            reading.loading.reject(
                reason="duplicate-row",
                hint=Text(
                    th=f"เหมือนแถว {group[0].row} นับครั้งเดียว",
                    en=f"The same as row {group[0].row}; counted once",
                ),
                row=other.row, column=other.column, said=other.said, severity="flagged",
            )  # fmt: skip
        return group[:1]
    rows = ", ".join(str(one.row) for one in group)
    hint = Text(
        th=f"แถว {rows} ให้ค่าต่างกันสำหรับที่และปีเดียวกัน ไม่รับทั้งหมด โปรดแก้ไฟล์",
        en=f"Rows {rows} differ for one place and period; none is taken, mend the file",
    )
    _refuse_conflicting(reading, group, hint)
    return []


def _refuse_moved(reading: Reading, moved: list[Draft], first: Draft) -> None:
    code, row = first.place.code, first.row
    hint = Text(
        th=f"รหัสเก่านี้สืบต่อเป็น {code} ซึ่งมีค่าของตนแล้วในแถว {row}",
        en=f"The old code leads to {code}, which has row {row} of its own",
    )
    _refuse_conflicting(reading, moved, hint)


def _refuse_conflicting(reading: Reading, group: list[Draft], hint: Text) -> None:
    for one in group:
        reading.loading.reject(
            reason="conflicting-rows", hint=hint, row=one.row, column=one.column, said=one.said
        )
    # They are part of the totals that the file prints all the same.
    reading.unplaced += group


def _refuse_hopeless(loading: Loading) -> None:
    report, allowed = loading.report, loading.recipe.refused_share
    refused = report.rows("refused")
    if report.rows_read == 0:
        raise Refused(Text(th="ไม่มีแถวใดในไฟล์ที่สูตรเลือก", en="The recipe selects no row of the file"))
    if refused == report.rows_read or refused > report.rows_read * allowed:
        raise Refused(
            Text(
                th=f"ไม่รับ {refused:,} จาก {report.rows_read:,} แถว เกินที่ยอมได้ "
                f" (ร้อยละ {allowed * 100:.0f}) ตรวจว่าเลือกสูตรของข้อมูลถูกต้อง แล้วแก้แถวตามที่บอกไว้",
                en=f"{refused:,} of {report.rows_read:,} rows were refused, more than may be"
                f" ({allowed:.0%}); see that the recipe is that of this file, and mend the rows",
            )
        )
