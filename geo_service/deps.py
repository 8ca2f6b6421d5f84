"""From a request to typed values: session, language, box, time, page, format, freshness."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NoReturn

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from sqlalchemy.orm import Session

from geo_service import __version__
from geo_service.core.crs import CRS84, Crs, parse_crs
from geo_service.core.errors import BadParameter, BadRequest, NotAcceptable, UnknownParameter
from geo_service.core.periods import Period, parse_interval, parse_period
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.problems import NotModified, choose_language
from layers.filters import Box, Interval

VARY = "Accept, Accept-Language, Accept-Encoding"
DEFAULT_LIMIT = 1000
MAX_OFFSET = 100_000
_BOX_NUMBERS = {4: (0, 1, 2, 3), 6: (0, 1, 3, 4)}
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]{1,255}")


def settings_of(request: Request) -> Settings:
    """Return the settings the application was made with.

    Parameters
    ----------
    request : Request
        Any request.

    Returns
    -------
    Settings
        Frozen.
    """
    settings: Settings = request.app.state.settings
    return settings


def reading_session(request: Request) -> Iterator[Session]:
    """Open a session that only reads; nothing is connected before the first question.

    Parameters
    ----------
    request : Request
        Any request.

    Yields
    ------
    Session
        Closed when the answer is written.
    """
    with Session(request.app.state.engine) as session:
        yield session


def language(
    request: Request,
    lang: Annotated[str | None, Query(description="th | en; beats Accept-Language")] = None,
) -> Lang:
    """Choose the reader's language.

    Parameters
    ----------
    request : Request
        Its ``Accept-Language`` counts when ``lang`` is absent.
    lang : str, optional
        ``th`` or ``en``.

    Returns
    -------
    {"th", "en"}
        Thai when nothing was asked for.

    Raises
    ------
    BadParameter
        If ``lang`` is anything else.
    """
    if lang not in {None, "th", "en"}:
        raise BadParameter(
            Text(th="lang ต้องเป็น th หรือ en", en="lang is th or en"),
            parameter="lang",
            known=["th", "en"],
        )
    return choose_language(request)


SettingsDep = Annotated[Settings, Depends(settings_of)]
SessionDep = Annotated[Session, Depends(reading_session)]
LangDep = Annotated[Lang, Depends(language)]


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
    return set() if route is None else set(_declared(route.dependant))


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


BoxDep = Annotated[Box | None, Depends(box)]
IntervalDep = Annotated[Interval | None, Depends(interval)]
PeriodDep = Annotated[Period | Interval | None, Depends(period)]
CrsDep = Annotated[Crs, Depends(answer_crs)]
LimitDep = Annotated[int, Depends(page_limit)]


def choose_format(request: Request, formats: Mapping[str, str], asked: str | None) -> str:
    """Choose the representation: ``f`` first, then ``Accept`` by weight, then the first one.

    Parameters
    ----------
    request : Request
        Its ``Accept`` counts when `asked` is ``None``.
    formats : mapping of str to str
        Short name to media type, the usual one first.
    asked : str, optional
        Value of ``f``.

    Returns
    -------
    str
        A key of `formats`.

    Raises
    ------
    BadParameter
        If ``f`` names none of them.
    NotAcceptable
        If ``Accept`` admits none of them.
    """
    if asked is not None:
        if asked not in formats:
            raise BadParameter(
                Text(
                    th=f"f ต้องเป็นหนึ่งใน {', '.join(formats)}",
                    en=f"f is one of {', '.join(formats)}",
                ),
                parameter="f",
                known=list(formats),
            )
        return asked
    accept = request.headers.get("accept", "*/*")
    best = max(formats, key=lambda name: _quality(accept, formats[name]))
    if _quality(accept, formats[best])[0] <= 0:
        raise NotAcceptable(
            Text(
                th=f"มีเฉพาะรูปแบบ {', '.join(formats.values())}",
                en=f"Available: {', '.join(formats.values())}",
            ),
            known=list(formats.values()),
        )
    return best


def revalidate(request: Request, version: str, *, lang: Lang | None = None) -> dict[str, str]:
    """Give the headers of a cacheable answer, or stop here when the caller's copy is good.

    Call it before any heavy query. An address that carries the current ``v`` never changes.

    Parameters
    ----------
    request : Request
        The whole address, ``Accept`` and ``If-None-Match`` count.
    version : str
        Version of everything the answer is made from.
    lang : {"th", "en"}, optional
        Language of the answer, when it has one.

    Returns
    -------
    dict of str to str
        ``ETag``, ``Cache-Control``, ``Vary``, ``Content-Language``.

    Raises
    ------
    NotModified
        If ``If-None-Match`` names this very state.
    """
    identity = "\n".join(
        (
            __version__,
            version,
            str(request.url.replace(scheme="http")),
            request.headers.get("accept", ""),
            lang or "",
        )
    )
    tag = f'W/"{hashlib.blake2b(identity.encode(), digest_size=12).hexdigest()}"'
    is_fixed = request.query_params.get("v") == version
    headers = {
        "ETag": tag,
        "Cache-Control": "public, max-age=31536000, immutable" if is_fixed else "public, no-cache",
        "Vary": VARY,
    }
    if lang is not None:
        headers["Content-Language"] = lang
    known = {part.strip() for part in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, tag.removeprefix("W/"), "*"}:
        raise NotModified(headers)
    return headers


def base_url(request: Request) -> str:
    """Return the address of the service as its callers see it, without a final slash.

    Parameters
    ----------
    request : Request
        Its ``Host`` counts unless ``GEO_PUBLIC_URL`` is set.

    Returns
    -------
    str
        For example ``http://127.0.0.1:8000``.

    Raises
    ------
    BadRequest
        If ``Host`` could not be the name of a host.
    """
    public = settings_of(request).public_url.rstrip("/")
    if public:
        return public
    if not _HOST.fullmatch(request.headers.get("host", "localhost")):
        raise BadRequest(Text(th="ส่วนหัว Host ไม่ถูกต้อง", en="The Host header is not a host"))
    return str(request.base_url).rstrip("/")


def _declared(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for deeper in dependant.dependencies:
        yield from _declared(deeper)


def _refuse_box(th: str, en: str) -> NoReturn:
    raise BadParameter(Text(th=th, en=en), parameter="bbox")


def _quality(accept: str, media_type: str) -> tuple[float, int]:
    # RFC 9110, 12.5.1: the most specific range decides the weight of a type.
    kind = media_type.partition(";")[0]
    wanted: Sequence[str] = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    found: dict[str, float] = {}
    for part in accept.split(","):
        name, _, rest = part.strip().partition(";")
        weight = re.search(r"(?:^|;)\s*q\s*=\s*([0-9.]+)", rest)
        try:
            found[name.strip().lower()] = float(weight[1]) if weight else 1.0
        except ValueError:
            continue
    for specific, pattern in enumerate(wanted):
        if pattern in found:
            return found[pattern], -specific
    return 0.0, -len(wanted)
