"""Map styles for map libraries: of collections (OGC API - Styles) and of thematic maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from geo_service.api.links import HTML, JSON, Links, json_answer, notice
from geo_service.api.maps import MapQueryDep, build_map, fresh
from geo_service.api.matrix_sets import FORMATS, FormatQuery
from geo_service.api.pages import sheet_answer
from geo_service.api.tile_contents import LAST_USEFUL_ZOOM, of_collection
from geo_service.api.tileset_pages import style_sheet, styles_sheet
from geo_service.api.tilesets import STYLE
from geo_service.core.errors import BadParameter, NotFound
from geo_service.core.periods import Period
from geo_service.core.text import Text
from geo_service.deps import LangDep, PeriodDep, SessionDep, choose_format, revalidate
from layers import outlines, registry, styles, thematic, tiles
from layers.collection import Collection
from layers.filters import Interval
from layers.forecasts import mapped
from layers.questions import periods_of, state_of
from layers.simple_style import simplified
from layers.style_frame import fields_of
from layers.styles import Addresses, Drawn, Look
from layers.thematic import ThematicMap, Wanted

router = APIRouter(tags=["styles"])

DEFAULT = "default"
_STYLE_FORMATS = {"mbs": STYLE, "json": JSON, "html": HTML}
_LOOKS: tuple[Look, ...] = ("light", "dark")
_FONT_FORMS = ("glyphs", "files")
_EXPRESSIONS = ("yes", "no")
#: Font files of ours, and the code points each is for.
_FILES = {"Sarabun Regular": 400, "Sarabun Bold": 700}
_SUBSETS = {"thai": ["U+0E01-0E5B"], "latin": ["U+0000-00FF", "U+2000-206F", "U+2212"]}
_PLAIN = Text("รูปแบบตั้งต้น", "Default style")


class StyleQuery:
    """How a style looks, and what it draws letters from."""

    def __init__(
        self,
        look: Annotated[str | None, Query(description="light | dark")] = None,
        fonts: Annotated[str | None, Query(description="glyphs | files")] = None,
        expressions: Annotated[
            str | None, Query(description="yes | no; no: for QGIS and ArcGIS")
        ] = None,
    ) -> None:
        found = [one for one in _LOOKS if one == (look or _LOOKS[0])]
        if not found:
            _refuse("look", _LOOKS)
        if fonts not in {None, *_FONT_FORMS}:
            _refuse("fonts", _FONT_FORMS)
        self.look: Look = found[0]
        if expressions not in {None, *_EXPRESSIONS}:
            _refuse("expressions", _EXPRESSIONS)
        self.with_files = fonts == "files"
        self.is_simple = expressions == "no"

    def finished(self, style: dict[str, Any]) -> dict[str, Any]:
        """Write a style as it was asked for.

        Parameters
        ----------
        style : dict
            From `layers.styles`.

        Returns
        -------
        dict
            With or without expressions.
        """
        return simplified(style) if self.is_simple else style


StyleQueryDep = Annotated[StyleQuery, Depends()]


@router.get("/collections/{collection_id}/styles")
def styles_of(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """List the styles of a collection.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, FORMATS, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    found = _styles(session, known)
    if form == "html":
        sheet = styles_sheet(known, found, links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    path = f"/collections/{known.id}/styles"
    told = [
        {
            "id": name,
            "title": title.in_(lang),
            "links": [
                links.link("stylesheet", f"{path}/{name}", STYLE, title),
                links.made("preview", links.to(f"{path}/{name}", f="html"), HTML, title),
            ],
        }
        for name, title in found
    ]
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
    ]
    body = {"links": own, "default": DEFAULT, "styles": told, **notice(is_sample=state.is_sample)}
    return json_answer(body, headers, links=own)


@router.get("/collections/{collection_id}/styles/{style_id}")
def style_of(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    style_id: str,
    query: StyleQueryDep,
    period: PeriodDep,
    asked: Annotated[str | None, Query(alias="f", description="mbs | json | html")] = None,
) -> Response:
    """Give a style of a collection.

    Returns
    -------
    Response
        MapLibre style, or a page with a map drawn with it.

    Raises
    ------
    NotFound
        If the collection has no such style.
    """
    form = choose_format(request, _STYLE_FORMATS, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    found = dict(_styles(session, known))
    if style_id not in found:
        raise NotFound(
            Text(th=f"รูปแบบที่มีคือ {', '.join(found)}", en=f"The styles are {', '.join(found)}")
        )
    if form == "html":
        sheet = style_sheet(known, found[style_id], links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    key = style_id if style_id != DEFAULT else next((one for one in found if one != DEFAULT), None)
    if key is None:
        drawn = _drawn(session, known, known.title)
        body = styles.of_collection(
            drawn, _addresses(session, known, links, query), query.look, lang
        )
    else:
        shown = _shown(session, known, key, period)
        of_key = (one.name for one in known.properties if one.indicator == key)
        own = [name for name in of_key if name != f"{key}_period"]
        names = ("code", "name_th", "name_en", *own)
        passed = {"properties": ",".join(names)}
        if known.family == "outlook":
            passed["period"] = shown.period.key
        elif period is not None:
            passed["period"] = request.query_params["period"]
        if known.level == "org":
            # Provincial organisations lie over all others: one tier is drawn.
            passed["tier"] = "upper" if shown.indicator.tier == "upper" else "lower"
        addresses = _addresses(session, known, links, query, **passed)
        drawn = _drawn(session, known, shown.title, names=names)
        body = styles.of_values(drawn, addresses, query.look, lang, shown=shown)
    body["metadata"] |= notice(is_sample=state.is_sample)
    return json_answer(query.finished(body), headers, media_type=_STYLE_FORMATS[form])


@router.get("/maps/{indicator}/style.json")
def map_style(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    indicator: str,
    map_query: MapQueryDep,
    query: StyleQueryDep,
) -> Response:
    """Give a thematic map as a style.

    Returns
    -------
    Response
        MapLibre style: tiles of shapes, and the class of each place by its code.
    """
    state, headers = fresh(request, session, lang, indicator)
    shown = build_map(session, indicator, map_query)
    level = "province" if shown.level == "country" else shown.level
    known = registry.read(session, f"{level}s")
    passed = {"scheme": shown.region_scheme} if shown.region_scheme else {}
    if not outlines.are_of_today(session, level, shown.period.end):
        passed |= {"datetime": shown.period.end.isoformat()}
    addresses = _addresses(session, known, Links(request, lang), query, **passed)
    drawn = _drawn(session, known, shown.title, shown=shown)
    body = styles.of_map(drawn, addresses, query.look, lang, shown=shown)
    body["metadata"] |= notice(is_sample=state.is_sample)
    return json_answer(query.finished(body), headers, media_type=STYLE)


def _styles(session: SessionDep, known: Collection) -> list[tuple[str, Text]]:
    if known.family not in {"value", "outlook"}:
        return [(DEFAULT, _PLAIN)]
    with_values = periods_of(session, known)
    found = [(one.key, one.name) for one in known.indicators if one.key in with_values]
    return [(DEFAULT, found[0][1] if found else _PLAIN), *found]


def _shown(
    session: SessionDep, known: Collection, key: str, period: Period | Interval | None
) -> ThematicMap:
    asked = period.text if isinstance(period, Interval) else period
    if known.family == "outlook":
        year = asked or periods_of(session, known)[key][0]
        return mapped.build(session, key, Wanted(level=known.level, period=year))
    return thematic.build(session, key, Wanted(level=known.level, period=asked))


def _drawn(
    session: SessionDep,
    known: Collection,
    title: Text,
    *,
    shown: ThematicMap | None = None,
    names: Sequence[str] | None = None,
) -> Drawn:
    found = of_collection(session, known)
    credit = found.attribution
    if shown is not None:
        told = dict.fromkeys(one.attribution for one in shown.sources if one.attribution.th)
        named = [*told, credit]
        credit = Text(", ".join(one.th for one in named), ", ".join(one.en for one in named))
    return Drawn(
        title=title,
        layers=tuple(one.name for one in found.layers),
        level=known.level,
        geometry_type=known.geometry_type,
        extent=found.extent,
        bounds=found.extent if shown is None else shown.bbox,
        last_zoom=LAST_USEFUL_ZOOM,
        attribution=credit,
        fields=fields_of(known, names or tiles.default_properties(known, LAST_USEFUL_ZOOM)),
    )


def _addresses(
    session: SessionDep, known: Collection, links: Links, query: StyleQuery, **passed: str
) -> Addresses:
    tile = "{z}/{x}/{y}.mvt"
    own = state_of(session, known.subjects).token
    areas = state_of(session, ("areas",)).token
    places = state_of(session, ("areas", "orgs")).token if known.level == "org" else areas
    named = {name: passed[name] for name in ("scheme", "datetime") if name in passed}
    return Addresses(
        places=links.to(f"/tiles/{known.id}/{tile}", **passed, v=own),
        names=links.to(f"/tiles/{known.level}s/names/{tile}", **named, v=places),
        provinces=links.to(f"/tiles/provinces/{tile}", v=areas),
        province_names=links.to(f"/tiles/provinces/names/{tile}", v=areas),
        basemap=links.to("/static/basemap.json"),
        glyphs=links.to("/fonts/{fontstack}/{range}.pbf"),
        sprite=links.to(f"/static/sprites/{query.look}"),
        fonts={name: _files(links, weight) for name, weight in _FILES.items()}
        if query.with_files
        else {},
    )


def _files(links: Links, weight: int) -> list[dict[str, Any]]:
    return [
        {
            "url": links.to(f"/static/fonts/sarabun-{subset}-{weight}-normal.woff2"),
            "unicode-range": ranges,
        }
        for subset, ranges in _SUBSETS.items()
    ]


def _refuse(name: str, known: Sequence[str]) -> None:
    raise BadParameter(
        Text(th=f"{name} คือ {', '.join(known)}", en=f"{name} is one of {', '.join(known)}"),
        parameter=name,
        known=list(known),
    )
