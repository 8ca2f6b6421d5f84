"""Embed tokens: given to those with an account, and taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NoReturn

import orjson
from fastapi import APIRouter, Depends, Request, Response

from geo_service.api.links import JSON
from geo_service.core import audit
from geo_service.core.auth import Principal
from geo_service.core.db import transaction
from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import KINDS, Resource
from geo_service.core.embeds.revocations import What, revoke
from geo_service.core.embeds.tokens import LONGEST_S
from geo_service.core.errors import BadParameter, BadRequest, Forbidden, Unavailable
from geo_service.core.json_text import read_object
from geo_service.core.text import Lang, Text
from geo_service.deps import base_url, require
from geo_service.deps.desk import PERSONAL, ByDep, DeskDep, note
from geo_service.deps.embeds import OPEN, embeds_of
from geo_service.deps.forms import prove

router = APIRouter(prefix="/embed/tokens", include_in_schema=False)

_LARGEST_BYTES: Final = 16_000
_TOKEN: Final = frozenset({"resource", "locked", "editable", "origins", "lang", "seconds"})
_TAKEN: Final[tuple[What, ...]] = ("jti", "kid")


async def _body(request: Request) -> bytes:
    return await request.body()


#: What a token shows everybody may see: who may read may hand it on, in a frame.
IssuerDep = Annotated[Principal, Depends(require(scope="read"))]
BodyDep = Annotated[bytes, Depends(_body)]


@router.post("")
def issue(request: Request, who: IssuerDep, desk: DeskDep, by: ByDep, body: BodyDep) -> Response:
    """Give a token for one map, dashboard, panel or collection.

    Returns
    -------
    Response
        201 with the token, for this caller alone.

    Raises
    ------
    Unavailable
        If what signs tokens was revoked: none would be good.
    """
    prove(request)
    wanted = _object(body, _TOKEN)
    grant = grants.make(
        _resource(wanted.get("resource")), _texts(wanted, "origins"),
        locked=_filters(wanted.get("locked")), editable=_texts(wanted, "editable"),
        lang=_language(wanted.get("lang")),
    )  # fmt: skip
    lasts_s = wanted.get("seconds", LONGEST_S)
    if not _is_number(lasts_s):
        _refuse("seconds")
    embeds = embeds_of(request)
    written, token = embeds.signer.issue(grant, issuer=who.name, lasts_s=lasts_s)
    if embeds.is_revoked(token):
        raise Unavailable(_KEY_REVOKED)
    detail = {
        "jti": token.jti, "kid": token.kid, "seconds": lasts_s, "origins": list(grant.origins),
        "locked": dict(grant.locked), "editable": sorted(grant.editable),
    }  # fmt: skip
    with transaction(desk) as session:
        audit.note(session, "token-issued", by, what=grant.resource.told, detail=detail)
    answer = {
        "token": written,
        "jti": token.jti,
        "kid": token.kid,
        "expiresAt": datetime.fromtimestamp(token.expires_at, UTC).isoformat(),
        "open": f"{base_url(request)}{OPEN}",
    }
    return _answer(answer, 201)


@router.post("/revoke")
def take_back(request: Request, who: IssuerDep, desk: DeskDep, body: BodyDep) -> Response:
    """Revoke a token, or all that one secret signed.

    Whoever has a token that he issued may revoke it; the rest is for administrators.

    Returns
    -------
    Response
        What is refused from now on; other processes follow within seconds.

    Raises
    ------
    Forbidden
        If it is somebody else's.
    """
    prove(request)
    embeds, said = embeds_of(request), _object(body, {"token", *_TAKEN})
    if len(said) != 1:
        _refuse("token")
    (way, told), is_own = next(iter(said.items())), False
    if not isinstance(told, str):
        _refuse(way)
    what: What = "kid" if way == "kid" else "jti"
    if way == "token":
        token = embeds.examine(told)
        told, is_own = token.jti, token.issuer == who.name
    if not (is_own or who.may("manage")):
        raise Forbidden(
            Text(th="เพิกถอนได้เฉพาะโทเคนที่ออกเอง", en="You may revoke the tokens you issued only")
        )
    with transaction(desk) as session:
        revoke(session, what, told, by=who.name)
    embeds.revocations.forget()
    note(request, "token-revoked", what=f"{what}:{told}")
    return _answer({"revoked": {what: told}}, 200)


def _answer(body: Mapping[str, Any], status: int) -> Response:
    return Response(orjson.dumps(body), status, headers=dict(PERSONAL), media_type=JSON)


def _object(body: bytes, known: frozenset[str] | set[str]) -> dict[str, Any]:
    if len(body) > _LARGEST_BYTES:
        raise BadRequest(_NO_OBJECT)
    told = read_object(body, _NO_OBJECT)
    if strange := sorted(told.keys() - known):
        raise BadParameter(
            Text(th=f"ไม่รู้จัก '{strange[0]}'", en=f"'{strange[0]}' is not known"),
            parameter=strange[0], known=sorted(known),
        )  # fmt: skip
    return told


def _resource(told: object) -> Resource:
    if not isinstance(told, dict) or told.keys() - {"kind", "id", "panel"}:
        _refuse("resource")
    kind = next((one for one in KINDS if one == told.get("kind")), None)
    panel, name = told.get("panel"), told.get("id")
    if kind is None or not isinstance(name, str):
        _refuse("resource")
    if panel is not None and (not _is_number(panel) or panel < 1):
        _refuse("panel")
    return Resource(kind, name, panel)


def _filters(told: object) -> dict[str, str]:
    if told is None:
        return {}
    if not isinstance(told, dict):
        _refuse("locked")
    if not all(isinstance(one, str) or _is_number(one) for one in told.values()):
        _refuse("locked")
    return {name: str(value) for name, value in told.items()}


def _is_number(told: object) -> bool:
    # In JSON, true is no number.
    return isinstance(told, int) and not isinstance(told, bool)


def _texts(wanted: Mapping[str, Any], name: str) -> list[str]:
    told = wanted.get(name) or []
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        _refuse(name)
    return told


def _language(told: object) -> Lang | None:
    if told is None:
        return None
    known: Lang | None = "th" if told == "th" else "en" if told == "en" else None
    if known is None:
        _refuse("lang")
    return known


def _refuse(name: str) -> NoReturn:
    raise BadParameter(
        Text(th=f"'{name}' ไม่ถูกต้อง", en=f"'{name}' is not as it should be"), parameter=name
    )


_NO_OBJECT: Final = Text(th="ต้องส่งวัตถุ JSON", en="Send an object in JSON")
_KEY_REVOKED: Final = Text(
    th="กุญแจที่ใช้ลงนามโทเคนถูกเพิกถอนแล้ว ผู้ดูแลระบบต้องตั้ง GEO_EMBED_SECRET ใหม่",
    en="What signs tokens was revoked; an administrator must set a new GEO_EMBED_SECRET",
)
