"""The collections: which there are, what is in them, which properties they have."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from geo_service.api import schemas
from geo_service.api.collection_pages import collection_sheet, collections_sheet, properties_sheet
from geo_service.api.download_pages import downloads_table
from geo_service.api.downloads import enclosures, revalidate_sizes, sizes_of
from geo_service.api.formats import items_links
from geo_service.api.links import HTML, JSON, SCHEMA, Links, json_answer, notice
from geo_service.api.pages import sheet_answer
from geo_service.api.schemas import SchemaPart
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from layers import datasets as sources
from layers import extents, registry
from layers.collection import Collection
from layers.questions import listed, periods_of, state_of

router = APIRouter(prefix="/collections", tags=["collections"])

FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]
_FORMATS = {"json": JSON, "html": HTML}
_SCHEMAS = {"json": SCHEMA, "schema": JSON, "html": HTML}


@router.get("")
def collections(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """List the collections.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    registered = registry.list_all(session)
    subjects = sorted({subject for one in registered for subject in one.subjects})
    state = state_of(session, subjects)
    headers = revalidate(request, state.token, lang=lang)
    known = listed(session, registered)
    links = Links(request, lang)
    if form == "html":
        return sheet_answer(
            request, collections_sheet(known, links), links, headers, is_sample=state.is_sample
        )
    around = {
        family: extents.extent_of(session, one) for family, one in _one_of_each(known).items()
    }
    own = [
        links.made("self", links.here(), JSON),
        links.made("alternate", links.here(f="html"), HTML),
    ]
    body = {
        "links": own,
        "collections": [
            schemas.of_collection(
                one, links, around[_extent_key(one)], extents.interval_of(session, one)
            )
            for one in known
        ],
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own)


@router.get("/{collection_id}")
def collection(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """Describe a collection.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    sizes = sizes_of(request, session, known, state)
    headers = revalidate_sizes(request, state, sizes, lang)
    links = Links(request, lang)
    if form == "html":
        sheet = collection_sheet(
            known,
            sources.behind(session, known),
            links,
            with_values={key for key, found in periods_of(session, known).items() if found},
            files=downloads_table(known, sizes, links),
        )
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    body = schemas.of_collection(
        known, links, extents.extent_of(session, known), extents.interval_of(session, known)
    )
    body["links"] += [*items_links(known, links), *enclosures(known, links, sizes)]
    return json_answer(body | notice(is_sample=state.is_sample), headers, links=body["links"][:2])


@router.get("/{collection_id}/queryables")
def queryables(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """Describe the properties that can be asked for.

    Returns
    -------
    Response
        JSON Schema or HTML.
    """
    return _properties(request, session, lang, collection_id, asked, part="queryables")


@router.get("/{collection_id}/sortables")
def sortables(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """Describe the properties that features can be sorted by.

    Returns
    -------
    Response
        JSON Schema or HTML.
    """
    return _properties(request, session, lang, collection_id, asked, part="sortables")


@router.get("/{collection_id}/schema")
def schema(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: FormatQuery = None,
) -> Response:
    """Describe all properties.

    Returns
    -------
    Response
        JSON Schema or HTML.
    """
    return _properties(request, session, lang, collection_id, asked, part="schema")


def _properties(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    collection_id: str,
    asked: str | None,
    *,
    part: SchemaPart,
) -> Response:
    form = choose_format(request, _SCHEMAS, asked)
    known = registry.read(session, collection_id)
    state = state_of(session, known.subjects)
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    if form == "html":
        sheet = properties_sheet(known, links, part)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    body = schemas.of_properties(known, links, part)
    return json_answer(body | notice(is_sample=state.is_sample), headers, media_type=SCHEMA)


def _extent_key(one: Collection) -> str:
    return one.id if one.family == "feature" else "places"


def _one_of_each(known: list[Collection]) -> dict[str, Collection]:
    return {_extent_key(one): one for one in known}
