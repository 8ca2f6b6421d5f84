"""Where the numbers come from: sources, licences, and every load of every file."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from geo_service.api.collection_pages import sources_table
from geo_service.api.dataset_pages import dataset_sheet
from geo_service.api.links import HTML, JSON, Links, json_answer, notice
from geo_service.api.pages import Sheet, sheet_answer
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, choose_format, revalidate
from ingest.reasons import title_of
from layers import datasets as sources
from layers import indicators as catalogue
from layers import registry
from layers.datasets import DatasetInfo, Refusal, Run
from layers.questions import state_of

router = APIRouter(prefix="/datasets", tags=["datasets"])

_FORMATS = {"json": JSON, "html": HTML}
FormatQuery = Annotated[str | None, Query(alias="f", description="json | html")]


@router.get("")
def datasets(
    request: Request, session: SessionDep, lang: LangDep, asked: FormatQuery = None
) -> Response:
    """List the sources that were loaded.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    known = sources.list_all(session)
    state = state_of(session, ())
    loads = ",".join(f"{one.id}={one.version}" for one in known)
    headers = revalidate(request, f"{state.token},{loads}", lang=lang)
    links = Links(request, lang)
    if form == "html":
        sheet = Sheet(
            Text("ชุดข้อมูล", "Data sets").in_(lang),
            sources_table(known, links),
            formats=[("JSON", links.here(f="json"))],
        )
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = [links.made("self", links.here(), JSON)]
    body = {
        "links": own,
        "datasets": [
            _dataset(one, lang) | {"links": [links.link("self", f"/datasets/{one.id}", JSON)]}
            for one in known
        ],
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own)


@router.get("/{dataset_id}")
def dataset(
    request: Request,
    session: SessionDep,
    lang: LangDep,
    dataset_id: str,
    asked: FormatQuery = None,
) -> Response:
    """Describe a source: its licence, every load, and what was refused of the latest.

    Returns
    -------
    Response
        JSON or HTML.
    """
    form = choose_format(request, _FORMATS, asked)
    known = sources.read(session, dataset_id)
    state = state_of(session, ())
    loads = ",".join(f"{run.id}={run.status}" for run in known.runs)
    headers = revalidate(request, f"{state.token},{loads}", lang=lang)
    links = Links(request, lang)
    if form == "html":
        infos = catalogue.list_all(session, components=True)
        names = {one.key: one.name for one in infos}
        names |= {one: registry.read(session, one).title for one in known.layer_ids}
        sheet = dataset_sheet(known, names, links)
        return sheet_answer(request, sheet, links, headers, is_sample=state.is_sample)
    own = [
        links.made("self", links.here(), JSON),
        links.link("collection", "/datasets", JSON),
        *(links.link("related", f"/indicators/{key}", JSON) for key in known.indicator_keys),
        *(links.link("related", f"/collections/{one}", JSON) for one in known.layer_ids),
    ]
    body = _dataset(known.dataset, lang) | {
        "indicators": list(known.indicator_keys),
        "collections": list(known.layer_ids),
        "runs": [_run(one) for one in known.runs],
        "refusedByReason": known.refusal_counts,
        "refused": [_refusal(one, lang) for one in known.refusals],
        "links": own,
        **notice(is_sample=state.is_sample),
    }
    return json_answer(body, headers, links=own[:2])


def _dataset(one: DatasetInfo, lang: Lang) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "title": one.title.in_(lang),
        "publisher": one.publisher.in_(lang),
        "licence": one.licence,
        "attribution": one.attribution.in_(lang),
        "url": one.url,
        "version": one.version,
        "loaded": _time(one.loaded_at),
    }


def _run(one: Run) -> dict[str, Any]:
    return {
        "id": one.id,
        "status": one.status,
        "version": one.version,
        "recipe": one.recipe,
        "file": PurePath(one.file_name).name,
        "sha256": one.file_sha256,
        "bytes": one.file_bytes,
        "started": _time(one.started_at),
        "finished": _time(one.finished_at),
        "rows": {
            "read": one.rows_read,
            "loaded": one.rows_loaded,
            "unchanged": one.rows_unchanged,
            "refused": one.rows_refused,
            "flagged": one.rows_flagged,
        },
    }


def _refusal(one: Refusal, lang: Lang) -> dict[str, Any]:
    return {
        "run": one.run_id,
        "severity": one.severity,
        "reason": one.reason,
        "file": PurePath(one.file_name).name,
        "row": one.row,
        "column": one.column,
        "said": one.said,
        "hint": one.hint.in_(lang) or title_of(one.reason).in_(lang),
        "candidates": list(one.candidates),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
