"""What can be shown in hexagons: an indicator that may be divided in space, or points.

Hexagons carry the sum of the versions they are made from: as versions only rise, a sum that
still agrees means that nothing has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.errors import BadParameter, NoHexbins, NotFound
from geo_service.core.periods import Period
from geo_service.core.text import Text
from layers import indicators, versions
from layers.filters import Interval
from layers.models import FeatureLayer
from layers.place_values import public_levels
from layers.questions import choose_period
from layers.value_rules import classes_of

#: By whose numbers a province's or a district's amount is divided.
WEIGHT = "pop_total"
#: Subject of `layers.versions` for the shares of areas in cells.
SHARES = "built:cell_share"
#: Raised when the method changes, so that prepared rows are made anew.
METHOD = 1

_COUNTS = re.compile(r"count\((?P<layer>[a-z][a-z0-9-]{1,62})\)")
_LEVELS = ("subdistrict", "org", "district", "province")
_ADDED_UP = ("SUM", "COUNT", "RATIO", "WMEAN")


@dataclass(frozen=True, slots=True)
class Subject:
    """What is aggregated: an indicator, or the points of a layer.

    ``layer_id`` is set where points are counted; ``subjects`` (of `layers.versions`) are all
    that the cells are made from, ``version`` is the sum of their versions.
    """

    key: str
    name: Text
    unit: Text
    space_agg: str
    factor: float
    levels: tuple[str, ...]
    tier: str
    least: int
    layer_id: str | None
    subjects: tuple[str, ...]
    version: int


def subject_of(session: Session, key: str) -> Subject:
    """Find what a hexagon map may show: an indicator, or else a layer of points.

    Parameters
    ----------
    session : Session
        Open.
    key : str
        Key of an indicator or id of a layer.

    Returns
    -------
    Subject
        With its current version.

    Raises
    ------
    NotFound
        If there is neither.
    NoHexbins
        If its values cannot be added up in space, or the layer holds no points.
    """
    layer = session.get(FeatureLayer, key)
    if layer is not None:
        return _of_layer(session, layer)
    try:
        info = indicators.read(session, key)
    except NotFound as error:
        raise NotFound(
            Text(
                th=f"ไม่มีตัวชี้วัดหรือชั้นข้อมูลจุด '{key[:80]}' ดูรายชื่อที่ /indicators และ /collections",
                en=f"There is no indicator or layer of points '{key[:80]}';"
                " see /indicators and /collections",
            )
        ) from error
    return _of_indicator(session, info)


def period_of(session: Session, subject: Subject, asked: Period | Interval | None) -> Period:
    """Choose the period of an indicator that answers a question.

    Parameters
    ----------
    session : Session
        Open.
    subject : Subject
        An indicator.
    asked : Period or Interval, optional
        The latest period when absent.

    Returns
    -------
    Period
        The period itself, else the latest one that ends within what was asked.

    Raises
    ------
    NotFound
        If there is none; the periods there are come with it.
    """
    known = indicators.periods(session, subject.key)
    chosen = choose_period(known, asked)
    if chosen is None:
        shown = ", ".join(period.key for period in known) or "-"
        raise NotFound(
            Text(
                th=f"'{subject.key}' ไม่มีข้อมูลในช่วงเวลานั้น ช่วงเวลาที่มี: {shown}",
                en=f"'{subject.key}' has no values in that period; there are: {shown}",
            ),
            known=[period.key for period in known],
        )
    return chosen


def is_divisible(info: indicators.IndicatorInfo) -> bool:
    """Tell whether an indicator can be added up and divided in space.

    Parameters
    ----------
    info : IndicatorInfo
        From the catalogue.

    Returns
    -------
    bool
        False for what may only be shown where it was measured.
    """
    return info.space_agg in _ADDED_UP


def check_resolution(session: Session, resolution: int) -> int:
    """Refuse a resolution that is not kept.

    Parameters
    ----------
    session : Session
        Open.
    resolution : int
        H3 resolution asked for.

    Returns
    -------
    int
        The same.

    Raises
    ------
    BadParameter
        If no shares are kept at it; the ones there are come with it.
    """
    known = resolutions(session)
    if resolution not in known:
        shown = ", ".join(map(str, known)) or "-"
        raise BadParameter(
            Text(th=f"resolution ต้องเป็นหนึ่งใน {shown}", en=f"resolution is one of {shown}"),
            parameter="resolution",
            known=known,
        )
    return resolution


def resolutions(session: Session) -> list[int]:
    """List the H3 resolutions that are kept.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    list of int
        Coarsest first; empty before the first refresh.
    """
    return list(session.scalars(fixed_sql("layers", "hexbin_resolutions")))


def _of_indicator(session: Session, info: indicators.IndicatorInfo) -> Subject:
    if not is_divisible(info):
        raise NoHexbins(
            Text(
                th=f"'{info.name.th}' รวมหรือแบ่งตามพื้นที่ไม่ได้ จึงไม่มีแผนที่หกเหลี่ยม ใช้แผนที่รายพื้นที่ที่ /maps แทน",
                en=f"'{info.name.en}' cannot be added up or divided in space, so it has no"
                " hexagons; use its map by place under /maps",
            ),
            space_agg=info.space_agg,
        )
    parts = [indicators.read(session, part).privacy for part in info.numerator_keys]
    limits = classes_of(session)
    layer_id = _layer_counted(session, info)
    subjects = [SHARES, "areas", "orgs", *map(versions.of_indicator, (info.key, WEIGHT))]
    subjects += [f"layer:{layer_id}"] if layer_id else []
    return Subject(
        key=info.key,
        name=info.name,
        unit=info.unit,
        space_agg=info.space_agg,
        factor=info.factor,
        levels=tuple(level for level in _LEVELS if level in public_levels(info)),
        tier=info.tier,
        least=max(limits[privacy].smallest for privacy in (info.privacy, *parts)),
        layer_id=layer_id,
        subjects=tuple(subjects),
        version=METHOD + sum(versions.versions_of(session, subjects).values()),
    )


def _of_layer(session: Session, layer: FeatureLayer) -> Subject:
    if layer.geometry_type != "Point":
        raise NoHexbins(
            Text(
                th=f"ชั้นข้อมูล '{layer.title_th}' ไม่ใช่จุด จึงนับลงหกเหลี่ยมไม่ได้",
                en=f"The layer '{layer.title_en}' does not hold points to be counted",
            )
        )
    subjects = [f"layer:{layer.id}"]
    return Subject(
        key=layer.id,
        name=Text(layer.title_th, layer.title_en),
        unit=Text("แห่ง", "places"),
        space_agg="COUNT",
        factor=1.0,
        levels=(),
        tier="both",
        least=0,
        layer_id=layer.id,
        subjects=tuple(subjects),
        version=METHOD + sum(versions.versions_of(session, subjects).values()),
    )


def _layer_counted(session: Session, info: indicators.IndicatorInfo) -> str | None:
    # Return the layer whose points an indicator counts: its formula is ``count(layer)``.
    match = _COUNTS.fullmatch(info.formula)
    if info.space_agg != "COUNT" or match is None:
        return None
    layer = session.get(FeatureLayer, match["layer"])
    return layer.id if layer is not None and layer.geometry_type == "Point" else None
