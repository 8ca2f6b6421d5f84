"""The way in: the landing page, and what the service conforms to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.links import HTML, JSON, OPENAPI, Links, json_answer, notice
from geo_service.api.pages import Column, Sheet, sheet_answer, table
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from layers.cql2.functions import FUNCTIONS
from layers.questions import state_of

router = APIRouter(tags=["landing"])

FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]
_SPEC = "http://www.opengis.net/spec/"
#: CQL2 counts its classes from 1.0; drafts of Features, Part 3 named them as parts of itself.
_CQL2 = (
    "cql2-text",
    "cql2-json",
    "basic-cql2",
    "advanced-comparison-operators",
    "case-insensitive-comparison",
    "accent-insensitive-comparison",
    "basic-spatial-functions",
    "basic-spatial-functions-plus",
    "spatial-functions",
    "temporal-functions",
    "array-functions",
    "property-property",
    "functions",
    "arithmetic",
)
_CQL2_OLD = (
    "basic-spatial-operators",
    "spatial-operators",
    "temporal-operators",
    "array-operators",
    "property-property-comparisons",
)
CONFORMANCE = tuple(
    f"{_SPEC}{part}"
    for part in (
        "ogcapi-common-1/1.0/conf/core",
        "ogcapi-common-1/1.0/conf/landing-page",
        "ogcapi-common-1/1.0/conf/json",
        "ogcapi-common-1/1.0/conf/html",
        "ogcapi-common-1/1.0/conf/oas30",
        "ogcapi-common-2/1.0/conf/collections",
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-1/1.0/conf/html",
        "ogcapi-features-1/1.0/conf/oas30",
        "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-3/1.0/conf/queryables",
        "ogcapi-features-3/1.0/conf/queryables-query-parameters",
        "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter",
        *(f"cql2/1.0/conf/{name}" for name in (*_CQL2, *_CQL2_OLD)),
        "ogcapi-features-4/1.0/conf/create-replace-delete",
        "ogcapi-features-4/1.0/conf/update",
        "ogcapi-features-4/1.0/conf/optimistic-locking-etags",
        "ogcapi-features-4/1.0/conf/features",
        "ogcapi-features-5/1.0/conf/schemas",
        "ogcapi-features-5/1.0/conf/core-roles-features",
        "ogcapi-features-5/1.0/conf/returnables-and-receivables",
        "ogcapi-features-5/1.0/conf/queryables",
        "ogcapi-features-5/1.0/conf/sortables",
        "ogcapi-features-5/1.0/conf/profile-parameter",
        "json-fg-1/1.0/conf/core",
        "json-fg-1/1.0/conf/types-schemas",
        "json-fg-1/1.0/conf/profiles",
        "json-fg-1/1.0/conf/api",
        "ogcapi-features-8/1.0/conf/sorting",
        "ogcapi-features-8/1.0/conf/features-sorting",
        "ogcapi-tiles-1/1.0/conf/core",
        "ogcapi-tiles-1/1.0/conf/tileset",
        "ogcapi-tiles-1/1.0/conf/tilesets-list",
        "ogcapi-tiles-1/1.0/conf/dataset-tilesets",
        "ogcapi-tiles-1/1.0/conf/geodata-tilesets",
        "ogcapi-tiles-1/1.0/conf/collections-selection",
        "ogcapi-tiles-1/1.0/conf/datetime",
        "ogcapi-tiles-1/1.0/conf/mvt",
        "ogcapi-tiles-1/1.0/conf/oas30",
        *(
            f"tms/2.0/conf/{form}{part}"
            for part in ("tilematrixset", "tilematrixsetlimits", "tilesetmetadata")
            for form in ("", "json-")
        ),
    )
)
#: The standard calls every time a datetime.
_OF_TYPE = {"date": "datetime"}
_TITLE = Text("บริการข้อมูลภูมิสารสนเทศท้องถิ่น", "Local government geospatial service")
_ABOUT = Text(
    "ขอบเขตการปกครอง องค์กรปกครองส่วนท้องถิ่น และตัวชี้วัด ในรูปแผนที่ ชั้นข้อมูล และหกเหลี่ยม H3",
    "Boundaries, local organisations and indicators of Thailand as maps, layers and H3 hexagons",
)


_STANDARDS = Text("มาตรฐานที่ทำตาม", "Standards that are kept")
_FUNCTIONS = Text("ฟังก์ชันของตัวกรอง", "Functions of filters")
_NAME, _ABOUT_IT = Column(Text("ชื่อ", "Name")), Column(Text("ความหมาย", "Meaning"))
_TAKES, _GIVES = Column(Text("รับ", "Takes")), Column(Text("ให้", "Gives"))


@router.get("/")
def landing(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """Show the way in: a page for people, links for programs.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, {"json": JSON, "html": HTML}, asked)
    state = state_of(session, ())
    headers = revalidate(request, state.token, lang=lang)
    if form == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.landing_html(session, lang)
        page.headers.update(headers)
        return page
    links = Links(request, lang)
    own = [
        links.link("self", "/", JSON),
        links.made("alternate", links.to("/", f="html"), HTML),
        links.link("service-desc", "/api", OPENAPI, Text("นิยาม API", "API definition")),
        links.link("service-doc", "/api.html", HTML, Text("คู่มือ API", "API documentation")),
        links.link("conformance", "/conformance", JSON, _STANDARDS),
        links.link(
            "http://www.opengis.net/def/rel/ogc/1.0/functions",
            "/functions",
            JSON,
            _FUNCTIONS,
        ),
        links.link("data", "/collections", JSON, Text("ชั้นข้อมูล", "Collections")),
        links.link(
            "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", "/tileMatrixSets", JSON
        ),
        links.link("http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector", "/tiles", JSON),
        links.link("related", "/indicators", JSON, Text("ตัวชี้วัด", "Indicators")),
        links.link("related", "/periods", JSON, Text("ช่วงเวลา", "Periods")),
        links.link("related", "/datasets", JSON, Text("ชุดข้อมูล", "Data sets")),
        links.link("related", "/maps", HTML, Text("แผนที่", "Maps")),
        links.link("related", "/scenarios", JSON, Text("ฉากทัศน์", "Scenarios")),
    ]
    body = {
        "title": _TITLE.in_(lang),
        "description": _ABOUT.in_(lang),
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:7])


@router.get("/conformance")
def conformance(request: Request, lang: LangDep, asked: FormatQuery = None) -> Response:
    """List the standards the service conforms to.

    Returns
    -------
    Response
        JSON or HTML.
    """
    return _told(
        request, lang, asked,
        title=_STANDARDS, columns=[_NAME], rows=[(one,) for one in CONFORMANCE],
        body={"conformsTo": list(CONFORMANCE)},
    )  # fmt: skip


@router.get("/functions")
def functions(request: Request, lang: LangDep, asked: FormatQuery = None) -> Response:
    """List the functions a filter may call.

    Returns
    -------
    Response
        JSON or HTML.
    """
    told = [
        {
            "name": name,
            "description": known.about.in_(lang),
            "args": [{"type": [_OF_TYPE.get(one, one) for one in types]} for types in known.takes],
            "returns": [_OF_TYPE.get(known.gives, known.gives)],
        }
        for name, known in FUNCTIONS.items()
    ]
    rows = [
        (name, known.about.in_(lang), ", ".join("|".join(one) for one in known.takes), known.gives)
        for name, known in FUNCTIONS.items()
    ]
    columns = [_NAME, _ABOUT_IT, _TAKES, _GIVES]
    return _told(
        request, lang, asked,
        title=_FUNCTIONS, columns=columns, rows=rows, body={"functions": told},
    )  # fmt: skip


def _told(
    request: Request,
    lang: Lang,
    asked: str | None,
    *,
    title: Text,
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    body: Mapping[str, Any],
) -> Response:
    form = choose_format(request, {"json": JSON, "html": HTML}, asked)
    headers = revalidate(request, "fixed", lang=lang)
    links = Links(request, lang)
    if form == "json":
        return json_answer(body, headers)
    sheet = Sheet(
        title.in_(lang), table(columns, rows, lang), formats=[("JSON", links.here(f="json"))]
    )
    return sheet_answer(request, sheet, links, headers, is_sample=False)
