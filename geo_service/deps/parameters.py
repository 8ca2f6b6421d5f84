"""Parameters read as typed values; what makes no sense is refused, never passed over."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, NoReturn

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant

from geo_service.core.crs import CRS84, Crs, parse_crs
from geo_service.core.errors import BadParameter, BadRequest, UnknownParameter
from geo_service.core.periods import Period, parse_interval, parse_period
from geo_service.core.text import Text
from geo_service.deps.context import SettingsDep, at_once
from layers.cql2 import LANGUAGES, read_filter
from layers.cql2.tree import Filter
from layers.filters import Box, Interval

DEFAULT_LIMIT = 1000
MAX_OFFSET = 100_000
_NAMES: dict[tuple[object, str], frozenset[str]] = {}
_BOX_NUMBERS = {4: (0, 1, 2, 3), 6: (0, 1, 3, 4)}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def known_parameters(request: Request) -> None:
    """Refuse a query parameter that the address does not know, or one given twice.

    An address whose parameters depend on data (queryables) says so by
    ``openapi_extra={"x-queryables": True}`` and checks the others itself.

    Parameters
    ----------
    request : Request
        Any request that found its route.

    Raises
    ------
    BadParameter
        If one is given twice or holds a character no text of ours has.
    BadRequest
        If the path holds such a character.
    """
    route = request.scope.get("route")
    names = [name for name, _ in request.query_params.multi_items()]
    known = declared_parameters(request)
    open_to_data = "x-queryables" in (getattr(route, "openapi_extra", None) or {})
    for name, value in request.query_params.multi_items():
        if name not in known and not open_to_data:
            refuse_parameter(name, known)
        if names.count(name) > 1:
            raise BadParameter(
                Text(th=f"ระบุ '{name}' ซ้ำ", en=f"'{name}' is given more than once"),
                parameter=name,
            )
        if "\x00" in value:
            raise BadParameter(
                Text(th=f"ค่าของ '{name}' ไม่ถูกต้อง", en=f"The value of '{name}' is not text"),
                parameter=name,
            )
    if "\x00" in request.url.path:
        raise BadRequest(Text(th="ที่อยู่ไม่ถูกต้อง", en="The address is not text"))


def declared_parameters(request: Request) -> set[str]:
    """List the query parameters an address declares.

    Parameters
    ----------
    request : Request
        Any request that found its route.

    Returns
    -------
    set of str
        As callers write them.
    """
    route = request.scope.get("route")
    if route is None:
        return set()
    # An endpoint declares the same in every application that is made of it.
    names = _NAMES.get((route.endpoint, route.path))
    if names is None:
        names = _NAMES[route.endpoint, route.path] = frozenset(_declared(route.dependant))
    return set(names)


def refuse_parameter(name: str, known: set[str]) -> NoReturn:
    """Refuse a parameter and name those that would have been understood.

    Parameters
    ----------
    name : str
        As it was asked.
    known : set of str
        What would have been understood.

    Raises
    ------
    UnknownParameter
        Always.
    """
    shown = name[:60]
    raise UnknownParameter(
        Text(
            th=f"ไม่รู้จักพารามิเตอร์ '{shown}' ที่ใช้ได้คือ {', '.join(sorted(known)) or '-'}",
            en=f"Unknown parameter '{shown}'; known here: {', '.join(sorted(known)) or 'none'}",
        ),
        parameter=shown,
        known=sorted(known),
    )


def parse_numbers(text: str, name: str) -> list[float]:
    """Read comma-separated numbers.

    Parameters
    ----------
    text : str
        For example ``100.4,13.5,100.9,14.1``.
    name : str
        Parameter, for the error.

    Returns
    -------
    list of float
        All finite; unit as the parameter says.

    Raises
    ------
    BadParameter
        If one is not a finite number.
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = [math.nan]
    if not all(math.isfinite(number) for number in numbers):
        raise BadParameter(
            Text(th=f"'{name}' ต้องเป็นตัวเลขคั่นด้วยจุลภาค", en=f"'{name}' is numbers with commas"),
            parameter=name,
        )
    return numbers


def box(
    bbox: Annotated[
        str | None, Query(description="minx,miny,maxx,maxy; minx > maxx crosses 180 degrees")
    ] = None,
    bbox_crs: Annotated[str | None, Query(alias="bbox-crs", description="URI; CRS84")] = None,
) -> Box | None:
    """Read ``bbox`` and ``bbox-crs``.

    Parameters
    ----------
    bbox : str, optional
        Four numbers, or six with heights, which are passed over.
    bbox_crs : str, optional
        Its system; CRS84 when absent.

    Returns
    -------
    Box or None
        x before y whatever the authority's order.

    Raises
    ------
    BadParameter
        If it is no box of that system.
    UnsupportedCRS
        If the system is not served.
    """
    crs = parse_crs(bbox_crs, parameter="bbox-crs") if bbox_crs is not None else CRS84
    if bbox is None:
        return None
    numbers = parse_numbers(bbox, "bbox")
    places = _BOX_NUMBERS.get(len(numbers))
    if places is None:
        _refuse_box("bbox มี 4 หรือ 6 ตัวเลข", "bbox has four or six numbers")
    x0, y0, x1, y1 = (numbers[place] for place in places)
    if crs.lat_first:
        x0, y0, x1, y1 = y0, x0, y1, x1
    west, south, east, north = crs.limits
    if y0 > y1 or (x0 > x1 and not crs.is_degrees):
        _refuse_box("bbox: ค่าต่ำสุดมากกว่าค่าสูงสุด", "bbox: a minimum above its maximum")
    if not (west <= min(x0, x1) and max(x0, x1) <= east and south <= y0 and y1 <= north):
        _refuse_box("bbox อยู่นอกขอบเขตของระบบพิกัด", "bbox lies outside its reference system")
    return Box(x0, y0, x1, y1, crs.srid)


def interval(
    datetime: Annotated[
        str | None, Query(description="2024-06-30, 2020-01-01/.., 2567 or FY2567")
    ] = None,
) -> Interval | None:
    """Read ``datetime``.

    Parameters
    ----------
    datetime : str, optional
        An instant, an interval or a period.

    Returns
    -------
    Interval or None
        First and last day; ``None`` in it is open.

    Raises
    ------
    BadParameter
        If it is no time.
    """
    if datetime is None:
        return None
    if datetime in {"", "/", "../..", "/..", "../"} or datetime.count("/") > 1:
        raise BadParameter(
            Text(th="datetime ไม่ถูกต้อง", en="datetime is an instant or an interval"),
            parameter="datetime",
        )
    start, end = parse_interval(datetime)
    return Interval(start, end)


def period(
    period: Annotated[
        str | None, Query(description="2567, FY2567, 2024, 2567Q3, 2567-06 or an ISO interval")
    ] = None,
) -> Period | Interval | None:
    """Read ``period``.

    Parameters
    ----------
    period : str, optional
        A period, an ISO date or an ISO interval.

    Returns
    -------
    Period, Interval or None
        ``None`` when absent: the latest.
    """
    if period is None:
        return None
    if "/" in period or _ISO_DATE.match(period):
        return interval(period)
    return parse_period(period)


def answer_crs(
    crs: Annotated[str | None, Query(description="URI of the answer's coordinates")] = None,
) -> Crs:
    """Read ``crs``.

    Parameters
    ----------
    crs : str, optional
        URI or ``EPSG:code``.

    Returns
    -------
    Crs
        CRS84 when absent.
    """
    return CRS84 if crs is None else parse_crs(crs)


def item_filter(
    text: Annotated[str | None, Query(alias="filter", description="a condition in CQL2")] = None,
    language: Annotated[
        str | None, Query(alias="filter-lang", description="cql2-text | cql2-json")
    ] = None,
    filter_crs: Annotated[
        str | None, Query(alias="filter-crs", description="URI of the filter's coordinates; CRS84")
    ] = None,
) -> Filter | None:
    """Read ``filter``, ``filter-lang`` and ``filter-crs``.

    Parameters
    ----------
    text : str, optional
        The condition.
    language : str, optional
        ``cql2-text`` when absent.
    filter_crs : str, optional
        System of the shapes in it; CRS84 when absent.

    Returns
    -------
    Filter or None
        Read, but not yet compared with what the collection has.

    Raises
    ------
    BadParameter
        If it cannot be read, or the language is not known.
    """
    if language not in {None, *LANGUAGES}:
        raise BadParameter(
            Text(
                th=f"filter-lang คือ {' หรือ '.join(LANGUAGES)}",
                en=f"filter-lang is {' or '.join(LANGUAGES)}",
            ),
            parameter="filter-lang",
            known=list(LANGUAGES),
        )
    crs = CRS84 if filter_crs is None else parse_crs(filter_crs, parameter="filter-crs")
    return None if text is None else read_filter(text, language or LANGUAGES[0], crs)


def parse_count(text: str | None, name: str, *, default: int, least: int = 0) -> int:
    """Read a whole number of things.

    Parameters
    ----------
    text : str, optional
        Digits.
    name : str
        Parameter, for the error.
    default : int
        When absent.
    least : int
        Smallest allowed.

    Returns
    -------
    int
        The number.

    Raises
    ------
    BadParameter
        If it is not a whole number of at least `least` with at most nine digits.
    """
    if text is None:
        return default
    if not re.fullmatch(r"\+?[0-9]{1,9}", text) or int(text) < least:
        raise BadParameter(
            Text(
                th=f"'{name}' ต้องเป็นจำนวนเต็มตั้งแต่ {least} ขึ้นไป",
                en=f"'{name}' is a whole number of at least {least}",
            ),
            parameter=name,
        )
    return int(text)


def page_limit(
    settings: SettingsDep,
    limit: Annotated[str | None, Query(description="features on a page")] = None,
) -> int:
    """Read ``limit``; above the maximum it means the maximum (OGC API - Features, 7.15.2).

    Parameters
    ----------
    settings : Settings
        Holds the maximum.
    limit : str, optional
        At least 1.

    Returns
    -------
    int
        Number of features on one page.
    """
    asked = parse_count(limit, "limit", default=DEFAULT_LIMIT, least=1)
    return min(asked, settings.max_features)


BoxDep = Annotated[Box | None, Depends(at_once(box))]
IntervalDep = Annotated[Interval | None, Depends(at_once(interval))]
PeriodDep = Annotated[Period | Interval | None, Depends(at_once(period))]
CrsDep = Annotated[Crs, Depends(at_once(answer_crs))]
FilterDep = Annotated[Filter | None, Depends(at_once(item_filter))]
LimitDep = Annotated[int, Depends(at_once(page_limit))]


def _declared(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for deeper in dependant.dependencies:
        yield from _declared(deeper)


def _refuse_box(th: str, en: str) -> NoReturn:
    raise BadParameter(Text(th=th, en=en), parameter="bbox")
