"""What a reader asked a map for, settled against what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionScheme
from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.known import remembered, shelved
from geo_service.core.periods import Period, parse_interval, parse_period
from geo_service.core.text import Text
from layers.analysis.classify import MOST_CLASSES
from layers.indicators import IndicatorInfo
from layers.models import PlaceValue
from layers.thematic.map import SCHEMES, Scheme

#: Shown when no level is asked for: the first of these that has values.
LEVEL_ORDER = ("province", "district", "org", "subdistrict", "region", "country")
DEFAULT_REGION_SCHEME = "cluster18_2560"
FEWEST_CLASSES = 2
USUAL_CLASSES: Final = 5
_AREA_BYTES: Final = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader asks of a map; None leaves it to the map.

    ``level`` is country, region, province, district, subdistrict or org; ``period`` a period, as
    people write it, or an interval, of which the last period counts, and a plain year means the
    indicator's own calendar. ``area`` is the code of a region, province or district to stay
    within; ``classes`` counts 2 to 7; ``region_scheme`` says which regions, at level region.

    By default: provinces, or the first level that has values; the latest period; the policy
    limits where there are any, else quantiles; the 18 clusters of provinces.
    """

    level: str | None = None
    period: Period | str | None = None
    area: str | None = None
    scheme: str | None = None
    classes: int = USUAL_CLASSES
    region_scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """The area a map stays within; ``scheme`` is that of a region."""

    id: int
    level: str
    code: str
    name: Text
    scheme: str | None


def level_of(indicator: IndicatorInfo, levels: Sequence[str], asked: str | None) -> str:
    """Settle the level of a map.

    Parameters
    ----------
    indicator : IndicatorInfo
        What is measured.
    levels : sequence of str
        Levels that have values, coarsest first.
    asked : str, optional
        What the reader asked for.

    Returns
    -------
    str
        A level that has values.

    Raises
    ------
    NotFound
        If there is nothing of the kind; names what there is.
    BadParameter
        If it makes no sense here; names what does.
    """
    if not levels:
        raise NotFound(
            Text(
                th=f"ยังไม่มีข้อมูลของตัวชี้วัด '{indicator.name.th}'",
                en=f"No data is loaded for '{indicator.name.en}'",
            ),
            indicator=indicator.key,
        )
    if asked is None:
        return next(level for level in LEVEL_ORDER if level in levels)
    if asked not in LEVEL_ORDER:
        raise BadParameter(
            Text(
                th=f"ไม่รู้จักระดับ '{asked}' ที่ใช้ได้: {', '.join(LEVEL_ORDER)}",
                en=f"There is no level '{asked}'; known: {', '.join(LEVEL_ORDER)}",
            ),
            parameter="level",
            known=list(LEVEL_ORDER),
        )
    if asked not in levels:
        raise NotFound(
            Text(
                th=f"ตัวชี้วัดนี้ไม่มีค่าในระดับ '{asked}' มีในระดับ {', '.join(levels)}",
                en=f"This indicator has no values by {asked}; it has them by {', '.join(levels)}",
            ),
            known=list(levels),
        )
    return asked


def refuse_withheld(session: Session, indicator: IndicatorInfo, level: str) -> None:
    """Say so where a level has no value to show because all are withheld.

    Parameters
    ----------
    session : Session
        Open.
    indicator : IndicatorInfo
        What is measured.
    level : str
        A level without values to show.

    Raises
    ------
    NotFound
        If anything is withheld there; with ``valueStatus``: ``suppressed``.
    """
    found = select(PlaceValue.status).where(
        PlaceValue.indicator_key == indicator.key,
        PlaceValue.level == level,
        PlaceValue.status == "suppressed",
    )
    if remembered(
        session, ("withheld", indicator.key, level), lambda: session.scalar(found.limit(1))
    ):
        raise NotFound(
            Text(
                th=f"ตัวชี้วัดนี้ในระดับ '{level}' ปกปิดทุกค่าเพื่อคุ้มครองบุคคล",
                en=f"All values of this indicator by {level} are withheld to protect people",
            ),
            valueStatus="suppressed",
        )


def period_of(
    indicator: IndicatorInfo, periods: Sequence[Period], asked: Period | str | None
) -> Period:
    """Settle the period of a map.

    Parameters
    ----------
    indicator : IndicatorInfo
        Whose calendar a plain year means.
    periods : sequence of Period
        Periods that have values, earliest first.
    asked : Period or str, optional
        What the reader asked for.

    Returns
    -------
    Period
        The one asked for, or the latest.

    Raises
    ------
    NotFound
        If there is nothing of the kind; names what there is.
    """
    if asked is None:
        return periods[-1]
    if isinstance(asked, str) and "/" in asked:
        first, last = parse_interval(asked)
        fitting = [
            one
            for one in periods
            if (first is None or one.start >= first) and (last is None or one.end <= last)
        ]
    else:
        wanted = parse_period(asked) if isinstance(asked, str) else asked
        # "2567" asks for the year as the indicator counts years: fiscal for money.
        fitting = [one for one in periods if one.key == wanted.key] or [
            one
            for one in periods
            if one.granularity == wanted.granularity == "year"
            and wanted.calendar == "gregorian"
            and one.calendar == indicator.calendar
            and one.year_ce == wanted.year_ce
        ]
    if not fitting:
        raise NotFound(
            Text(
                th=f"ไม่มีข้อมูลของงวดที่ขอ มีตั้งแต่{periods[0].label.th} ถึง{periods[-1].label.th}",
                en="No data for that period; there is from "
                f"{periods[0].label.en} to {periods[-1].label.en}",
            ),
            parameter="period",
            known=[one.key for one in periods],
        )
    return fitting[-1]


def scheme_of(indicator: IndicatorInfo, asked: str | None, classes: int) -> Scheme:
    """Settle how a map is classed.

    Parameters
    ----------
    indicator : IndicatorInfo
        With or without policy limits.
    asked : str, optional
        What the reader asked for.
    classes : int
        How many classes.

    Returns
    -------
    str
        A classification that fits.

    Raises
    ------
    BadParameter
        If it makes no sense here; names what does.
    """
    if not FEWEST_CLASSES <= classes <= MOST_CLASSES:
        raise BadParameter(
            Text(
                th=f"จำนวนชั้นต้องอยู่ระหว่าง {FEWEST_CLASSES} ถึง {MOST_CLASSES}",
                en=f"Between {FEWEST_CLASSES} and {MOST_CLASSES} classes",
            ),
            parameter="classes",
        )
    if asked is None:
        return "policy" if indicator.thresholds else "quantile"
    known = [one for one in SCHEMES if one != "policy" or indicator.thresholds]
    found = next((one for one in known if one == asked), None)
    if found is None:
        raise BadParameter(
            Text(
                th=f"ใช้วิธีแบ่งชั้น '{asked}' กับตัวชี้วัดนี้ไม่ได้ ที่ใช้ได้: {', '.join(known)}",
                en=f"This indicator cannot be classed by '{asked}'; known: {', '.join(known)}",
            ),
            parameter="scheme",
            known=known,
        )
    return found


def area_of(session: Session, code: str | None, level: str) -> Within | None:
    """Find the area a map is limited to.

    Parameters
    ----------
    session : Session
        Only read.
    code : str, optional
        Code of a region, province or district; none and TH mean the country.
    level : str
        Level of the places.

    Returns
    -------
    Within or None
        None for the whole country.

    Raises
    ------
    NotFound
        If there is nothing of the kind; names what there is.
    BadParameter
        If it makes no sense here; names what does.
    """
    if code is None or code == "TH":
        return None
    found = shelved(
        session, ("map-within", code), lambda: _within(session, code), lambda _: _AREA_BYTES
    )
    finer = {
        "region": ("region", "province", "district", "subdistrict", "org"),
        "province": ("province", "district", "subdistrict", "org"),
        "district": ("district", "subdistrict", "org"),
        "subdistrict": ("subdistrict",),
    }
    if level not in finer[found.level] or (level == "region" and found.level == "region"):
        raise BadParameter(
            Text(
                th=f"พื้นที่ '{code}' ไม่มีหน่วยย่อยในระดับ '{level}'",
                en=f"The area '{code}' has no places of level '{level}' within",
            ),
            parameter="area",
        )
    return found


def regions_of(session: Session, asked: str | None) -> str:
    """Settle which regions are meant.

    Parameters
    ----------
    session : Session
        Only read.
    asked : str, optional
        What the reader asked for.

    Returns
    -------
    str
        A region scheme.

    Raises
    ------
    BadParameter
        If it makes no sense here; names what does.
    """
    known = remembered(
        session,
        "region-schemes",
        lambda: session.scalars(select(RegionScheme.id).order_by(RegionScheme.id)).all(),
    )
    if asked is None:
        return DEFAULT_REGION_SCHEME if DEFAULT_REGION_SCHEME in known else known[0]
    if asked not in known:
        raise BadParameter(
            Text(
                th=f"ไม่รู้จักการแบ่งภาค '{asked}' ที่ใช้ได้: {', '.join(known)}",
                en=f"There is no region scheme '{asked}'; known: {', '.join(known)}",
            ),
            parameter="region_scheme",
            known=list(known),
        )
    return asked


def _within(session: Session, code: str) -> Within:
    columns = Area.id, Area.level, Area.code, Area.name_th, Area.name_en, Area.scheme
    row = session.execute(
        select(*columns).where(Area.code == code).order_by(Area.valid.desc()).limit(1)
    ).first()
    if row is None:
        raise NotFound(
            Text(th=f"ไม่มีพื้นที่รหัส '{code}'", en=f"There is no area '{code}'"), parameter="area"
        )
    return Within(row.id, row.level, row.code, Text(row.name_th, row.name_en), row.scheme)
