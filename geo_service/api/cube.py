"""The cube over HTTP: a question in, a table out, for programs and for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from geo_service.api.cube_book import XLSX, workbook
from geo_service.api.cube_meta import meta_of
from geo_service.api.links import CSV, HTML, JSON, Links, json_answer, notice
from geo_service.api.tables import csv_answer
from geo_service.core.errors import BadParameter
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from geo_service.deps.cube import CubeDep, CubeForm, read_document
from layers import cube
from layers.cube import Table
from layers.cube.axes import Header
from layers.cube.known import names_of
from layers.cube.query import DIMENSION_NAMES
from layers.cube.sources import sources
from layers.questions import State, state_of
from layers.thematic.map import Source

router = APIRouter(prefix="/cube", tags=["cube"])

_FORMATS = {"json": JSON, "csv": CSV, "xlsx": XLSX, "html": HTML}
#: What stands in a cell, in this order.
FIELDS = (
    "value", "numerator", "denominator", "reporting", "expected", "status", "period", "basis",
    "flags",
)  # fmt: skip
FormatQuery = Annotated[str | None, Query(alias="f", description="json | csv | xlsx | html")]


@router.get("/meta")
def cube_meta(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    asked: Annotated[str | None, Query(alias="f", description="json")] = None,
) -> Response:
    """List what may be asked: measures and their forms, dimensions and their members.

    Returns
    -------
    Response
        JSON.
    """
    choose_format(request, {"json": JSON}, asked)
    names = names_of(session)
    state = state_of(session, ["areas", "orgs", *(f"indicator:{key}" for key in names.indicators)])
    headers = revalidate(request, state.token, lang=lang)
    links = Links(request, lang)
    own = [links.made("self", links.here(), JSON), links.link("cube", "/cube", JSON)]
    body = meta_of(session, names, lang) | {"links": own} | notice(is_sample=state.is_sample)
    return json_answer(body, headers, links=own)


@router.get("")
def ask_cube(
    request: Request, session: SessionDep, lang: LangDep, form: CubeDep, asked: FormatQuery = None
) -> Response:
    """Answer a question: measures in rows and columns.

    Returns
    -------
    Response
        JSON, CSV, XLSX or a page.
    """
    kind = choose_format(request, _FORMATS, asked)
    if kind == "html":
        # Pages are made on a floor of their own; the application handed this one over.
        page: Response = request.app.state.cube_page(request, session, lang, form)
        return page
    return _answered(request, session, lang, form, kind)


@router.post("", include_in_schema=False)
async def post_cube(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """Answer a question written as a document.

    Returns
    -------
    Response
        As for the address in ``Content-Location``, which can be kept and shared.
    """
    form = read_document(await request.body())
    kind = choose_format(request, {name: _FORMATS[name] for name in ("json", "csv", "xlsx")}, asked)
    made = await run_in_threadpool(_answered, request, session, lang, form, kind)
    made.headers["Content-Location"] = Links(request, lang).base + form.address(f=kind, lang=lang)
    return made


def _answered(
    request: Request, session: SessionDep, lang: Lang, form: CubeForm, kind: str
) -> Response:
    if "measures" not in form.words:
        raise BadParameter(
            Text(th="ระบุ measures เช่น pop_total", en="Name the measures, such as pop_total"),
            parameter="measures",
        )
    question = cube.question_of(session, form.asked)
    state = state_of(session, cube.subjects_of(session, question))
    headers = revalidate(request, state.token, lang=lang)
    table = cube.answer(session, question)
    found = sources(session, question.indicators, names_of(session).indicators)
    links = Links(request, lang)
    if kind == "csv":
        return csv_answer(
            _headings(table), _tidy(table), headers, file_name="cube.csv", is_sample=state.is_sample
        )
    if kind == "xlsx":
        address = links.base + form.address(lang=lang)
        body = workbook(table, found, lang, address=address, is_sample=state.is_sample)
        named = {"Content-Disposition": 'attachment; filename="cube.xlsx"'}
        return Response(body, headers={**headers, **named}, media_type=XLSX)
    return _json(table, found, form, links, headers, state)


def _json(
    table: Table,
    found: tuple[Source, ...],
    form: CubeForm,
    links: Links,
    headers: Mapping[str, str],
    state: State,
) -> Response:
    lang = links.lang
    own = [
        links.made("self", links.base + form.address(lang=lang, f="json"), JSON),
        *(
            links.made("alternate", links.base + form.address(lang=lang, f=kind), _FORMATS[kind])
            for kind in ("html", "csv", "xlsx")
        ),
        links.link("describedby", "/cube/meta", JSON),
    ]
    body = {
        "links": own,
        "question": dict(form.words),
        "level": table.level,
        "measures": [
            {
                "name": one.name, "indicator": one.indicator.key, "form": one.form,
                "title": one.title.in_(lang), "unit": one.unit.in_(lang),
                "decimals": one.decimals,
            }
            for one in table.question.measures
        ],
        "dimensions": {
            name: DIMENSION_NAMES.get(name, Text(name, name)).in_(lang)
            for name in table.question.axes
        },
        "rowDimensions": list(table.question.rows),
        "columnDimensions": list(table.question.columns),
        "matched": table.matched,
        "columns": [_header(one, lang) for one in table.columns],
        "rows": [_header(row.header, lang) for row in table.rows],
        "fields": FIELDS,
        "cells": [
            [[getattr(cell, name) for name in FIELDS] for cell in row.cells] for row in table.rows
        ],
        "sources": [
            {
                "dataset": one.dataset_id, "title": one.title.in_(lang),
                "publisher": one.publisher.in_(lang), "licence": one.licence,
                "attribution": one.attribution.in_(lang), "url": one.url,
                "loadedOn": one.loaded_on,
            }
            for one in found
        ],
        **notice(is_sample=state.is_sample),
    }  # fmt: skip
    return json_answer(body, headers, links=own[:1])


def _header(header: Header, lang: Lang) -> dict[str, Any]:
    told: dict[str, Any] = {
        "keys": list(header.keys), "labels": [name.in_(lang) for name in header.names],
    }  # fmt: skip
    return told | ({"isTotal": True} if header.is_total else {})


def _headings(table: Table) -> list[str]:
    named = [part for name in table.question.axes for part in (name, f"{name}_th", f"{name}_en")]
    return [*named, "measure", "unit_th", "unit_en", *FIELDS]


# One row for each cell, as analysts like it; a total has no member in what it stands over.
def _tidy(table: Table) -> Iterator[tuple[object, ...]]:
    question = table.question
    for row in table.rows:
        cells = iter(row.cells)
        for column in table.columns:
            members = [
                *_padded(row.header, len(question.rows)), *_padded(column, len(question.columns))
            ]  # fmt: skip
            for measure in question.measures:
                cell = next(cells)
                told = (getattr(cell, name) for name in FIELDS)
                yield (*members, measure.name, measure.unit.th, measure.unit.en, *told)


def _padded(header: Header, size: int) -> Iterator[str]:
    for key, name in zip(header.keys, header.names, strict=True):
        yield from (key, name.th, name.en)
    for _ in range(size - len(header.keys)):
        yield from ("", "", "")
