"""Load a log of values that the source itself contradicts: it flags what is stored."""

from __future__ import annotations

from typing import Final

from sqlalchemy import RowMapping, Select, func, select, update

from geo_service.core.errors import BadRecipe
from geo_service.core.periods import Period
from geo_service.core.text import Text
from ingest.clean import Problem, clean_text, read_number, read_period
from ingest.columns import wanted_headings
from ingest.drafts import Place
from ingest.load import Loading
from ingest.places import Places
from ingest.read import Row, Table, read_table
from ingest.recipe_parts import PeriodPart, RemarksPart
from ingest.spelling import tell_repairs
from layers.models import Observation

FLAG = "noted-source-contradicts"


def load(loading: Loading) -> None:
    """Flag the stored values that a log names; every row of the log is in the report.

    Parameters
    ----------
    loading : Loading
        Under way, with a recipe that has ``remarks``.

    Raises
    ------
    BadRecipe
        If the recipe lacks a part, or a heading does not fit.
    """
    recipe = loading.recipe
    if recipe.place is None or recipe.period is None or recipe.remarks is None:
        raise BadRecipe(
            Text(th="ต้องมี place, period และ remarks", en="place, period and remarks are needed")
        )
    table = read_table(loading.source, recipe.file, wanted_headings(recipe))
    loading.report.rows_read = len(table.rows)
    places = Places(loading, recipe.place, table)
    log = _Log(table, places, recipe.period, recipe.remarks)
    tell_repairs(loading, table.rows, {*places.headings, log.metric, log.value, log.other})
    for row in table.rows:
        _remark(loading, row, log)


class _Log:
    def __init__(self, table: Table, places: Places, period: PeriodPart, spec: RemarksPart) -> None:
        self.places, self.period, self.spec = places, period, spec
        self.metric, self.value, self.other = (
            table.heading(one) for one in (spec.metric, spec.value, spec.other)
        )
        self.year = table.heading(period.heading or "")
        self.metrics = {clean_text(words): key for words, key in spec.metrics.items()}

    def period_of(self, row: Row) -> Period | Problem:
        return read_period(row.cells[self.year], calendar=self.period.calendar, era=self.period.era)


def _remark(loading: Loading, row: Row, log: _Log) -> None:
    period = log.period_of(row)
    if isinstance(period, Problem):
        _refuse(loading, row, period)
        return
    place = log.places.find(row, period.end)
    if isinstance(place, Problem):
        _refuse(loading, row, place)
        return
    indicator = log.metrics.get(clean_text(row.cells[log.metric]))
    if indicator is None:
        _tell_nothing(loading, row, log.metric, _NO_METRIC)
        return
    stored = _stored(log, place, indicator, period.key)
    found = loading.session.execute(stored).mappings().first()
    if found is None or found["value"] is None:
        _tell_nothing(loading, row, log.value, _NO_VALUE.format(dataset=log.spec.dataset))
        return
    _tell_both(loading, row, log, found["value"])
    _flag(loading, found, indicator)


def _refuse(loading: Loading, row: Row, problem: Problem) -> None:
    loading.reject(
        reason=problem.reason, hint=problem.hint, row=row.number, said=problem.said,
        candidates=problem.candidates,
    )  # fmt: skip


def _tell_nothing(loading: Loading, row: Row, heading: str, hint: Text) -> None:
    loading.reject(
        reason="no-value", hint=hint, row=row.number, column=heading, said=row.cells[heading]
    )


def _stored(
    log: _Log, place: Place, indicator: str, period_key: str
) -> Select[int, float | None, list[str]]:
    return select(Observation.id, Observation.value, Observation.flags).where(
        Observation.dataset_id == log.spec.dataset,
        Observation.indicator_key == indicator,
        Observation.period_key == period_key,
        Observation.org_id == place.id if place.is_org else Observation.area_id == place.id,
        Observation.breakdown == {},
    )


def _tell_both(loading: Loading, row: Row, log: _Log, used: float | None) -> None:
    # Of the two that the source states, the one that is not used is shown.
    value, other = row.cells[log.value], row.cells[log.other]
    number = read_number(value)
    is_used = not isinstance(number, Problem) and number.value == used
    loading.reject(
        reason="source-contradicts",
        hint=Text(
            th=f"ต้นทางให้ทั้ง {value} และ {other} ค่าที่ใช้คือ {used:,.10g}",
            en=f"The source says both {value} and {other}; {used:,.10g} is used",
        ),
        row=row.number,
        column=log.other if is_used else log.value,
        said=other if is_used else value,
        severity="flagged",
    )


def _flag(loading: Loading, found: RowMapping, indicator: str) -> None:
    if FLAG in found["flags"]:
        loading.count(unchanged=1)
        return
    loading.remember("observation", [found["id"]])
    loading.session.execute(
        update(Observation)
        .where(Observation.id == found["id"])
        .values(flags=func.array_append(Observation.flags, FLAG))
    )
    loading.count(updated=1)
    loading.touched.add(f"indicator:{indicator}")


_NO_METRIC: Final = Text(
    th="สูตรไม่รู้จักรายการนี้ (remarks.metrics)",
    en="The recipe does not know this item (remarks.metrics)",
)
_NO_VALUE: Final = Text(
    th="ยังไม่มีค่านี้ในชุดข้อมูล {dataset}", en="The data set {dataset} holds no such value"
)
