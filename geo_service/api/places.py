"""One place in all its indicators: a page for people, JSON and CSV for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import CSV, HTML, JSON, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from layers import profile
from layers.cube import peers
from layers.cube.peers import Peers
from layers.place_history import Turn
from layers.profile import Line, PlaceName, Point, Profile
from layers.questions import state_of

router = APIRouter(tags=["places"])

_FORMATS = {"json": JSON, "csv": CSV, "html": HTML}
_COLUMNS = (
    "place_code", "indicator", "name_th", "name_en", "unit_th", "unit_en", "period", "value",
    "status", "reporting", "expected",
)  # fmt: skip

FormatQuery = Annotated[str | None, Query(alias="f", description="json | csv | html")]


@router.get("/places/{code}")
def place(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    code: str,
    compared: Annotated[
        str | None, Query(alias="peers", description="region | size | kind | tier | peers ...")
    ] = None,
    asked: FormatQuery = None,
) -> Response:
    """Give all that is known of an area or an organisation.

    Returns
    -------
    Response
        JSON with the history of every indicator and where the place stands; CSV with a row for
        each indicator and period; HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    chosen: Peers | None = None

    def among(level: str) -> frozenset[int]:
        nonlocal chosen
        chosen = peers.read(session, level, code, compared or "all")
        return chosen.ids

    found = profile.build(session, code, among=among if compared else None)
    state = state_of(session, found.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    if form == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.place_page(
            session, found, links.frame(headers, is_sample=state.is_sample), state.token,
            peers=chosen,
        )  # fmt: skip
        return page
    if form == "csv":
        name = f"place-{found.place.code}.csv"
        return csv_answer(
            _COLUMNS, _rows(found), headers, file_name=name, is_sample=state.is_sample
        )
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
        links.made("alternate", links.here(f="csv"), CSV),
        *(links.link("up", f"/places/{one.code}", JSON, one.name) for one in found.within[-1:]),
    ]
    body = _told(found) | {
        "peers": _peers(chosen),
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own)


def _told(found: Profile) -> dict[str, Any]:
    return {
        **_name(found.place),
        "area_km2": found.area_km2,
        "isInForce": found.is_in_force,
        "isIllustrative": found.is_illustrative,
        "validFrom": _day(found.first),
        "validTo": _day(found.last),
        "replaces": [_turn(one) for one in found.turns.replaces],
        "replacedBy": [_turn(one) for one in found.turns.replaced_by],
        "within": [_name(one) for one in found.within],
        "inside": [_name(one) for one in found.inside],
        "indicators": [_line(line) for line in found.lines],
    }


def _turn(turn: Turn) -> dict[str, Any]:
    place = PlaceName(turn.level, turn.code, turn.name, turn.kind)
    return _name(place) | {"since": _day(turn.since)}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _peers(chosen: Peers | None) -> dict[str, Any] | None:
    if chosen is None:
        return None
    return {
        "by": chosen.by, "name_th": chosen.group.th, "name_en": chosen.group.en,
        "places": len(chosen.codes),
    }  # fmt: skip


def _name(place: PlaceName) -> dict[str, Any]:
    told = {
        "level": place.level, "code": place.code,
        "name_th": place.name.th, "name_en": place.name.en,
    }  # fmt: skip
    return told | ({"kind": place.kind} if place.kind else {})


def _line(line: Line) -> dict[str, Any]:
    stand = line.standing
    return {
        "key": line.info.key,
        "theme": line.info.theme,
        "name_th": line.info.name.th,
        "name_en": line.info.name.en,
        "unit_th": line.info.unit.th,
        "unit_en": line.info.unit.en,
        "direction": line.info.direction,
        **_point(line.now),
        "reporting": line.reporting,
        "expected": line.expected,
        "flags": list(line.flags),
        "before": None if line.before is None else _point(line.before),
        "change": line.change,
        "breaks": [day.isoformat() for day in line.breaks],
        "province": line.province,
        "country": line.country,
        "standing": None
        if stand is None
        else {
            "rank": stand.rank, "places": stand.places, "above": stand.above,
            "below": stand.below, "spread": list(stand.spread),
        },
        "history": [_point(point) for point in line.history],
    }  # fmt: skip


def _point(point: Point) -> dict[str, Any]:
    return {"period": point.period.key, "value": point.value, "status": point.status}


def _rows(found: Profile) -> Iterator[tuple[object, ...]]:
    for line in found.lines:
        info = line.info
        for point in line.history:
            is_now = point is line.history[-1]
            yield (
                found.place.code, info.key, info.name.th, info.name.en, info.unit.th,
                info.unit.en, point.period.key, point.value, point.status,
                line.reporting if is_now else None, line.expected if is_now else None,
            )  # fmt: skip
