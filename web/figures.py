"""How a map writes its values: as many digits as they bear, names where values are classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from geo_service.core.text import Lang
from layers.indicators import IndicatorInfo
from layers.thematic import ThematicMap
from web.words import measured, number, words

#: Amounts whose middle is at least this need no digit, or one digit, after the point.
WHOLE_FROM: Final = 100.0
TENTHS_FROM: Final = 10.0
CLASSES: Final = "RECLASSIFY"


def with_digits(thematic: ThematicMap) -> ThematicMap:
    """Give a map's indicator the digits that the values shown bear.

    An amount of 74,317 tonnes a day is not known to ten kilograms; the organisation with 0.83
    is. The catalogue says how many digits there are at most.

    Parameters
    ----------
    thematic : ThematicMap
        Any map of places.

    Returns
    -------
    ThematicMap
        The same, its indicator with as many decimals or fewer.
    """
    info = thematic.indicator
    values = [place.value for place in thematic.places if place.value is not None]
    decimals = decimals_of(info, values)
    if decimals == info.decimals:
        return thematic
    return replace(thematic, indicator=replace(info, decimals=decimals))


def decimals_of(info: IndicatorInfo, values: Sequence[float]) -> int:
    """Tell how many digits the values of a map bear.

    Parameters
    ----------
    info : IndicatorInfo
        What is measured.
    values : sequence of float
        In the indicator's unit.

    Returns
    -------
    int
        As many decimals as the catalogue says, or fewer.
    """
    sizes = np.abs(values)
    if info.space_agg != "SUM" or not info.decimals or sizes.size == 0:
        return info.decimals
    middle = float(np.median(sizes))
    most = 0 if middle >= WHOLE_FROM else 1 if middle >= TENTHS_FROM else info.decimals
    return 0 if bool((sizes % 1 == 0).all()) else min(info.decimals, most)


def total_digits(thematic: ThematicMap) -> IndicatorInfo:
    """Give the whole's value its digits: a country's amount needs none that a cell does.

    Parameters
    ----------
    thematic : ThematicMap
        Any map.

    Returns
    -------
    IndicatorInfo
        The map's indicator, without digits after the point for large amounts.
    """
    info, total = thematic.indicator, thematic.total
    is_amount = info.space_agg in {"SUM", "COUNT"}
    if total is None or total.value is None or not is_amount or abs(total.value) < WHOLE_FROM:
        return info
    return replace(info, decimals=0)


def names(info: IndicatorInfo, lang: Lang) -> dict[str, str]:
    """Name the classes of an indicator whose values are classes.

    Parameters
    ----------
    info : IndicatorInfo
        Its limits carry the names.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    dict of str to str
        By value, "1" upwards; empty for values that are numbers.
    """
    if info.space_agg != CLASSES:
        return {}
    named = {f"{limit.value:g}": limit.label.in_(lang) for limit in info.thresholds}
    lowest = min((limit.value for limit in info.thresholds), default=0.0)
    return {f"{lowest - 1:g}": words(lang)["below_first"], **named}


def figure(value: float | None, info: IndicatorInfo, lang: Lang) -> str:
    """Write a value for people, without its unit.

    Parameters
    ----------
    value : float or None
        In the indicator's unit.
    info : IndicatorInfo
        Its decimals, and its names where values are classes.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``1,234.5``, or the name of a class.
    """
    named = None if value is None else names(info, lang).get(f"{value:g}")
    return named or number(value, info.decimals)


def with_unit(value: float | None, info: IndicatorInfo, lang: Lang) -> str:
    """Write a value for people with its unit; a class has none.

    Parameters
    ----------
    value : float or None
        In the indicator's unit.
    info : IndicatorInfo
        Any indicator.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``1.03 กก./คน/วัน``.
    """
    if info.space_agg == CLASSES:
        return figure(value, info, lang)
    return measured(value, info.unit.in_(lang), info.decimals)
