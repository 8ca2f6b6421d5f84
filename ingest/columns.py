"""What a recipe says, joined to what the file has and what the catalogue knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from geo_service.core.errors import BadRecipe
from geo_service.core.periods import Period
from geo_service.core.text import Text
from ingest.clean import Problem, read_period
from ingest.drafts import slice_key
from ingest.read import Table
from ingest.recipe import Recipe, nearest
from ingest.recipe_parts import Column, PeriodPart
from layers.models import Indicator

_TEMPLATE = "{year}"


@dataclass(frozen=True, slots=True)
class Use:
    """One heading of the file read as one slice of one indicator.

    ``period`` is set when the heading or the recipe names it, otherwise each row does.
    """

    heading: str
    column: Column
    breakdown: str
    unit: str
    period: Period | None
    minus: str | None = None
    times: str | None = None
    numerator: str | None = None
    denominator: str | None = None
    when: tuple[tuple[str, str], ...] = ()


def wanted_headings(recipe: Recipe) -> list[str]:
    """List every heading a recipe names, as it spells them.

    Parameters
    ----------
    recipe : Recipe
        The recipe.

    Returns
    -------
    list of str
        Without repeats; templates such as ``pop_{year}`` as they stand.
    """
    return list(dict.fromkeys(_headings_of(recipe)))


def _headings_of(recipe: Recipe) -> Iterator[str]:
    place, period = recipe.place, recipe.period
    if place is not None:
        named = (place.level_heading, place.code, place.name, place.name_en)
        yield from filter(None, (*named, place.province, place.district, place.kind))
    if period is not None and period.heading:
        yield period.heading
    for column in recipe.columns:
        parts = (column.minus, column.times, column.numerator, column.denominator)
        yield from (column.heading, *filter(None, parts), *column.when)
    for words in (recipe.rows.only, recipe.rows.skip, recipe.rows.total):
        yield from words
    if recipe.codes is not None:
        yield recipe.codes.heading
    if recipe.remarks is not None:
        yield from (recipe.remarks.metric, recipe.remarks.value, recipe.remarks.other)


def find_uses(recipe: Recipe, table: Table, units: dict[str, str]) -> list[Use]:
    """Find the headings of a file that a recipe's columns mean.

    Parameters
    ----------
    recipe : Recipe
        With ``columns``.
    table : Table
        The file.
    units : dict of str to str
        Unit of each known indicator by its key.

    Returns
    -------
    list of Use
        In the order of the recipe; a ``{year}`` heading gives one for each year.

    Raises
    ------
    BadRecipe
        If a heading or an indicator is unknown (the nearest are told), or no period is named.
    """
    uses = []
    for column in recipe.columns:
        if column.indicator not in units:
            raise BadRecipe(_unknown_indicator(column.indicator, units))
        for heading, period in _headings(column, recipe.period or PeriodPart(), table):
            if period is None and (recipe.period is None or recipe.period.heading is None):
                raise BadRecipe(
                    Text(
                        th=f"สูตรไม่บอกว่า '{heading}' เป็นของปีใด (period.heading หรือ period.value)",
                        en=f"No period for '{heading}': state period.heading or period.value",
                    )
                )
            uses.append(
                Use(
                    heading=heading,
                    column=column,
                    breakdown=slice_key(column.breakdown),
                    unit=units[column.indicator],
                    period=period,
                    minus=_maybe(table, column.minus),
                    times=_maybe(table, column.times),
                    numerator=_maybe(table, column.numerator),
                    denominator=_maybe(table, column.denominator),
                    when=tuple((table.heading(h), words) for h, words in column.when.items()),
                )
            )
    return uses


def _headings(column: Column, period: PeriodPart, table: Table) -> list[tuple[str, Period | None]]:
    if _TEMPLATE in column.heading:
        return [(h, stated_period(year, period)) for h, year in table.yearly(column.heading)]
    try:
        heading = table.heading(column.heading)
    except BadRecipe:
        if column.optional:
            return []
        raise
    stated = column.period or period.value
    return [(heading, stated_period(stated, period) if stated else None)]


def stated_period(stated: str, spec: PeriodPart) -> Period:
    """Read a period that the recipe or a heading states.

    Parameters
    ----------
    stated : str
        For example ``2564``.
    spec : PeriodPart
        Calendar and era.

    Returns
    -------
    Period
        With CE dates.

    Raises
    ------
    BadRecipe
        If it cannot be read.
    """
    period = read_period(stated, calendar=spec.calendar, era=spec.era, monthly=spec.monthly)
    if isinstance(period, Problem):
        raise BadRecipe(period.hint)
    return period


def _maybe(table: Table, heading: str | None) -> str | None:
    return None if heading is None else table.heading(heading)


def known_units(session: Session) -> dict[str, str]:
    """Read the unit of every indicator.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    dict of str to str
        English unit by key.
    """
    return dict(session.execute(select(Indicator.key, Indicator.unit_en)).all())


def _unknown_indicator(key: str, units: dict[str, str]) -> Text:
    near = ", ".join(nearest(key, units))
    return Text(
        th=f"ไม่มีตัวชี้วัด '{key}' ที่ใกล้เคียงคือ: {near or '-'} (ดูทั้งหมด: geo-service indicators)",
        en=f"There is no indicator '{key}'; the nearest: {near or '-'} (geo-service indicators)",
    )
