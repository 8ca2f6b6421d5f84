"""Features created, replaced, changed and taken out (OGC API - Features, Part 4).

Who may publish writes at once; what others send is kept as a submission, which a second person
publishes. Either way it is one edit of `ingest.editing`, found at ``/submissions``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request, Response

from geo_service.api.account_answers import answer
from geo_service.api.feature_locks import is_written
from geo_service.api.links import Links
from geo_service.api.submission_answers import SubmitterDep, told
from geo_service.api.wire import PREFLIGHT
from geo_service.core.auth import Principal
from geo_service.core.errors import MethodNotAllowed
from geo_service.core.text import Text
from geo_service.deps import (
    KEEPS_TAG,
    LangDep,
    PrincipalDep,
    SessionDep,
    refuse_parameter,
    settings_of,
)
from geo_service.deps.desk import PERSONAL, by_of, loader_of
from geo_service.deps.edits import (
    FEATURE_TYPES,
    PATCH_TYPES,
    FeatureDep,
    PatchDep,
    TagsDep,
)
from geo_service.deps.forms import prove
from ingest import editing, proposals, submission_files
from ingest.editing import Edit
from ingest.submissions import OPEN, SUBMITTERS
from layers import registry
from layers.collection import Collection

router = APIRouter(prefix="/collections/{collection_id}/items", include_in_schema=False)

READING: Final = ("GET", "HEAD", "OPTIONS")
#: Parameters are looked at when it is known that the collection is written to at all.
_LATER: Final = {"x-queryables": True}
#: What writes at the address of a collection's items, and at that of one.
OF_ALL, OF_ONE = ("POST",), ("PUT", "PATCH", "DELETE")


def _written(request: Request, session: SessionDep, collection_id: str) -> Collection:
    known = registry.read(session, collection_id)
    if not is_written(known):
        raise MethodNotAllowed(
            _READ_ONLY[known.family in {"area", "org"}], allow=", ".join(READING)
        )
    for name in request.query_params.keys() - {"lang"}:
        refuse_parameter(name, {"lang"})
    return known


async def _proven(request: Request, who: SubmitterDep) -> Principal:
    prove(request)
    return who


#: In this order: what may be written at all, who may write, what he sends.
WrittenDep = Annotated[Collection, Depends(_written)]
WriterDep = Annotated[Principal, Depends(_proven)]


@dataclass(frozen=True, slots=True)
class Writing:
    """A request that may write: to which collection, and who sent it."""

    request: Request
    lang: LangDep
    known: WrittenDep
    who: WriterDep


WritingDep = Annotated[Writing, Depends()]


@router.post("", openapi_extra=_LATER)
def create(writing: WritingDep, sent: FeatureDep) -> Response:
    """Create a feature.

    Returns
    -------
    Response
        201 with its address and tag; 202 with that of a submission.
    """
    new = Edit(writing.known.id, "create", editing.new_code(), document=sent.said, crs=sent.crs)
    return _carried_out(writing, new)


@router.put("/{feature_id:path}", openapi_extra=_LATER)
def put(writing: WritingDep, feature_id: str, tags: TagsDep, sent: FeatureDep) -> Response:
    """Replace a feature as a whole.

    Returns
    -------
    Response
        204 with its new tag; 202 with the address of a submission.
    """
    wanted = Edit(writing.known.id, "replace", feature_id, tags, sent.said, sent.crs)
    return _carried_out(writing, wanted)


@router.patch("/{feature_id:path}", openapi_extra=_LATER)
def patch(writing: WritingDep, feature_id: str, tags: TagsDep, sent: PatchDep) -> Response:
    """Change some of a feature.

    Returns
    -------
    Response
        204 with its new tag; 202 with the address of a submission.
    """
    wanted = Edit(writing.known.id, "update", feature_id, tags, sent.said, sent.crs)
    return _carried_out(writing, wanted)


@router.delete("/{feature_id:path}", openapi_extra=_LATER)
def remove(writing: WritingDep, feature_id: str, tags: TagsDep) -> Response:
    """Take a feature out.

    Returns
    -------
    Response
        204; 202 with the address of a submission.
    """
    return _carried_out(writing, Edit(writing.known.id, "delete", feature_id, tags))


@router.options("")
def options_of_all(session: SessionDep, collection_id: str, who: PrincipalDep) -> Response:
    """Tell what this caller may do with the items of a collection.

    Returns
    -------
    Response
        204 with ``Allow``.
    """
    known = registry.read(session, collection_id)
    return _options(OF_ALL if is_written(known) and _may_write(who) else ())


@router.options("/{feature_id:path}")
def options_of_one(
    request: Request, session: SessionDep, collection_id: str, feature_id: str, who: PrincipalDep
) -> Response:
    """Tell what this caller may do with one feature.

    Returns
    -------
    Response
        204 with ``Allow``.
    """
    known = registry.read(session, collection_id)
    may = is_written(known) and _may_write(who)
    if may:
        may = editing.may_change(loader_of(request), known.id, feature_id, who)
    return _options(OF_ONE if may else ())


def _may_write(who: Principal) -> bool:
    return who.has_role(*SUBMITTERS) and who.may("load")


def _options(more: Sequence[str]) -> Response:
    allowed = ", ".join((*READING, *more))
    headers = {
        "Allow": allowed,
        # Pages of other sites only read: keys are for programs, cookies for our own pages.
        "Access-Control-Allow-Methods": ", ".join(READING),
        "Cache-Control": "private, no-store",
        "Vary": "Authorization, Cookie",
        **PREFLIGHT,
    }
    if "POST" in more:
        headers["Accept-Post"] = ", ".join(FEATURE_TYPES)
    if "PATCH" in more:
        headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    return Response(status_code=204, headers=headers)


def _carried_out(writing: Writing, wanted: Edit) -> Response:
    request, who = writing.request, writing.who
    engine, links = loader_of(request), Links(request, writing.lang)
    if who.may("publish"):
        done = proposals.carry_out(engine, wanted, by_of(request))
    else:
        folder = submission_files.folder_of(settings_of(request).data_dir)
        done = proposals.propose(engine, folder, wanted, by_of(request))
    headers = dict(PERSONAL)
    if done.submission is not None:
        where = links.to(f"/submissions/{done.submission.id}")
        if done.submission.state in OPEN:
            made = answer(told(done.submission, who), 202)
            made.headers["Location"] = where
            return made
        headers["Link"] = f'<{where}>; rel="related"'
    if wanted.operation != "delete":
        request.scope[KEEPS_TAG] = True
        headers["ETag"] = f'"{done.tag}"'
    if wanted.operation != "create":
        return Response(status_code=204, headers=headers)
    address = f"/collections/{wanted.layer_id}/items/{quote(done.code, safe='')}"
    return Response(status_code=201, headers={**headers, "Location": links.to(address)})


_READ_ONLY: Final = {
    True: Text(
        th="พื้นที่และ อปท. เปลี่ยนตามประกาศ นำเข้าจากไฟล์ของผู้ประกาศเท่านั้น",
        en="Areas and organisations change by law: they are loaded from the files that announce it",
    ),
    False: Text(
        th="ค่าของตัวชี้วัดนำเข้าจากไฟล์รายงาน ส่งไฟล์ได้ที่ /submissions",
        en="Values of indicators are loaded from reports; send a file to /submissions",
    ),
}
