"""Load a log of values that the source itself contradicts: it flags what is stored."""

from __future__ import annotations

from sqlalchemy import func, select, update

from geo_service.core.errors import BadRecipe
from geo_service.core.periods import Period
from geo_service.core.text import Text
from ingest.clean import Problem, clean_text, read_number, read_period
from ingest.columns import wanted_headings
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
    place = period if isinstance(period, Problem) else log.places.find(row, period.end)
    indicator = log.metrics.get(clean_text(row.cells[log.metric]))
    if isinstance(period, Problem) or isinstance(place, Problem):
        problem = period if isinstance(period, Problem) else place
        assert isinstance(problem, Problem)  # noqa: S101  (told apart above)
        loading.reject(
            reason=problem.reason, hint=problem.hint, row=row.number, said=problem.said,
            candidates=problem.candidates,
        )  # fmt: skip
        return
    if indicator is None:
        loading.reject(
            reason="no-value",
            hint=Text(
                th="สูตรไม่รู้จักรายการนี้ (remarks.metrics)",
                en="The recipe does not know this item (remarks.metrics)",
            ),
            row=row.number, column=log.metric, said=row.cells[log.metric],
        )  # fmt: skip
        return
    stated = [row.cells[log.value], row.cells[log.other]]
    stored = select(Observation.id, Observation.value, Observation.flags).where(
        Observation.dataset_id == log.spec.dataset,
        Observation.indicator_key == indicator,
        Observation.period_key == period.key,
        Observation.org_id == place.id if place.is_org else Observation.area_id == place.id,
        Observation.breakdown == {},
    )
    found = loading.session.execute(stored).first()
    if found is None:
        loading.reject(
            reason="no-value",
            hint=Text(
                th=f"ยังไม่มีค่านี้ในชุดข้อมูล {log.spec.dataset}",
                en=f"The data set {log.spec.dataset} holds no such value",
            ),
            row=row.number, column=log.value, said=stated[0],
        )  # fmt: skip
        return
    numbers = [read_number(one) for one in stated]
    kept = next((s for s, n in zip(stated, numbers, strict=True)
                 if not isinstance(n, Problem) and n.value == found.value), None)  # fmt: skip
    loading.reject(
        reason="source-contradicts",
        hint=Text(
            th=f"ต้นทางให้ทั้ง {stated[0]} และ {stated[1]} ค่าที่ใช้คือ {found.value:,.10g}",
            en=f"The source says both {stated[0]} and {stated[1]}; {found.value:,.10g} is used",
        ),
        row=row.number,
        column=log.other if kept == stated[0] else log.value,
        said=stated[1] if kept == stated[0] else stated[0],
        severity="flagged",
    )
    if FLAG in found.flags:
        loading.count(unchanged=1)
        return
    loading.remember("observation", [found.id])
    loading.session.execute(
        update(Observation)
        .where(Observation.id == found.id)
        .values(flags=func.array_append(Observation.flags, FLAG))
    )
    loading.count(updated=1)
    loading.touched.add(f"indicator:{indicator}")
