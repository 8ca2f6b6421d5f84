"""Scenarios brought in and taken out by people who are signed in, or by their programs."""

from __future__ import annotations

from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request, Response

from geo_service.api.links import Links
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from geo_service.core.errors import BadRequest, Forbidden
from geo_service.core.json_text import read_object
from geo_service.core.text import Text
from geo_service.deps import LangDep, require
from geo_service.deps.desk import PERSONAL, LoaderDep, note
from geo_service.deps.forms import prove
from ingest import scenarios as keeping
from ingest.load import hold_lock
from ingest.scenario_file import read

router = APIRouter(prefix="/scenarios", include_in_schema=False)

#: Analysts change what is their own; the others everything.
AUTHORS: Final = ("analyst", "dla", "admin")
_LARGEST_BYTES: Final = 100_000


async def _body(request: Request) -> bytes:
    return await request.body()


AuthorDep = Annotated[Principal, Depends(require(*AUTHORS))]
BodyDep = Annotated[bytes, Depends(_body)]


@router.post("")
def add(
    request: Request, who: AuthorDep, lang: LangDep, engine: LoaderDep, body: BodyDep
) -> Response:
    """Keep a scenario as a new version, and calculate it.

    Returns
    -------
    Response
        201 with its address; 200 when the newest version says the same.
    """
    _may_write(request, who)
    added = keep(request, who, engine, _object(body))
    told = {
        "name": added.name,
        "version": added.number,
        "hash": added.hash,
        "notes": [one.in_(lang) for one in added.notes],
    }
    return Response(
        orjson.dumps(told),
        status_code=201 if added.is_new else 200,
        headers={**PERSONAL, "Location": Links(request, lang).to(f"/scenarios/{added.name}")},
        media_type="application/json",
    )


@router.delete("/{name}")
def remove(request: Request, who: AuthorDep, name: str, engine: LoaderDep) -> Response:
    """Take a scenario out; what it said is kept.

    Returns
    -------
    Response
        204.
    """
    _may_write(request, who)
    take_out(request, who, engine, name)
    return Response(status_code=204, headers=dict(PERSONAL))


def keep(
    request: Request, who: Principal, engine: LoaderDep, said: dict[str, Any]
) -> keeping.Added:
    """Keep a scenario under the name of who sent it, and calculate it.

    Parameters
    ----------
    request : Request
        For the record.
    who : Principal
        The author; nobody writes under another's name.
    engine : Engine
        Of the loader.
    said : dict
        A document, as `ingest.scenario_file.read` takes it.

    Returns
    -------
    Added
        Its version.

    Raises
    ------
    Forbidden
        If the name is that of somebody else's scenario, unless one may change all.
    """
    document = read({**said, "author": who.name})
    with transaction(engine) as session:
        hold_lock(session)
        _may_change(who, keeping.author_of(session, document.name))
        added = keeping.create(session, document=document)
    note(request, "scenario-kept", what=added.name, detail={"version": added.number})
    return added


def take_out(request: Request, who: Principal, engine: LoaderDep, name: str) -> None:
    """Take out a scenario that one may change.

    Parameters
    ----------
    request : Request
        For the record.
    who : Principal
        Who asks.
    engine : Engine
        Of the loader.
    name : str
        Of the scenario.
    """
    with transaction(engine) as session:
        hold_lock(session)
        _may_change(who, keeping.author_of(session, name))
        keeping.remove(session, name)
    note(request, "scenario-removed", what=name)


# A key writes only if it may load: those of analysts are for reading.
def _may_write(request: Request, who: Principal) -> None:
    if who.kind == "key" and not who.may("load"):
        raise Forbidden(_KEY)
    prove(request)


def _may_change(who: Principal, author: str | None) -> None:
    if who.has_role("analyst") and author not in {None, who.name}:
        raise Forbidden(_OTHERS)


def _object(body: bytes) -> dict[str, Any]:
    if len(body) > _LARGEST_BYTES:
        raise BadRequest(Text(th="ฉากทัศน์ยาวเกินไป", en="The scenario is too long"))
    return read_object(body, _NO_OBJECT)


_NO_OBJECT: Final = Text(
    th="ส่งฉากทัศน์เป็นออบเจกต์ JSON ตาม docs/scenarios.md",
    en="Send the scenario as an object in JSON, as docs/scenarios.md has it",
)
_KEY: Final = Text(
    th="คีย์นี้มีไว้อ่าน ให้ลงชื่อเข้าใช้ หรือใช้คีย์ที่นำเข้าข้อมูลได้",
    en="This key may only read; sign in, or use a key that may load",
)
_OTHERS: Final = Text(
    th="ฉากทัศน์นี้เป็นของผู้อื่น ให้ตั้งชื่อใหม่", en="This scenario is somebody else's; choose another name"
)
