"""Pages for frames that a token opens, and the page that tells why a frame is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, get_args
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from geo_service.core.auth import ANONYMOUS
from geo_service.core.embeds.grants import Grant
from geo_service.core.embeds.tokens import OUTSIDE, Token
from geo_service.core.errors import BadParameter, BadRequest, Forbidden, Unauthenticated
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.deps import PRINCIPAL, LangDep, SessionDep, SettingsDep, base_url
from geo_service.deps.desk import note_refusal
from geo_service.deps.embeds import OPEN, embeds_of, principal_of
from layers.thematic import SCHEMES
from web import embed_doctor, embed_items, explore
from web.choices import State
from web.dashboards import page as dashboard_page
from web.dashboards.views import Asked
from web.pages import Level, PageRoute, embedded
from web.render import respond

router = APIRouter(route_class=PageRoute, include_in_schema=False)

_LARGEST_BYTES: Final = 16_000
_MOST_FIELDS: Final = 40


async def _said(request: Request) -> dict[str, str]:
    written = request.scope["query_string"].decode("latin-1")
    if request.method == "POST":
        body = await request.body()
        if len(body) > _LARGEST_BYTES:
            raise BadRequest(Text(th="ข้อมูลที่ส่งมายาวเกินไป", en="The body is too long"))
        written = body.decode("utf-8", "replace")
    try:
        pairs = parse_qsl(written, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadRequest(_UNREADABLE) from error
    told = {name: value for name, value in pairs if "\x00" not in value}
    if len(told) != len(pairs):
        raise BadRequest(_UNREADABLE)
    return told


SaidDep = Annotated[dict[str, str], Depends(_said)]


#: What may be set depends on the token.
@router.get(OPEN, openapi_extra={"x-queryables": True})
@router.post(OPEN, openapi_extra={"x-queryables": True})
def open_frame(
    request: Request, session: SessionDep, settings: SettingsDep, said: SaidDep, lang: LangDep
) -> Response:
    """Show what a token opens, for a frame in a page of one of its origins.

    The token comes in a form that the page around sends into the frame; in the address where no
    script runs around it.

    Returns
    -------
    Response
        The page, for this frame alone: nobody keeps it.

    Raises
    ------
    Unauthenticated
        If the token is not good.
    Forbidden
        If more is asked for than it opens.
    """
    written, who = said.pop("token", ""), ANONYMOUS
    try:
        token = embeds_of(request).examine(written)
        who = principal_of(token)
        filters = _settled(token.grant, said)
    except (Unauthenticated, Forbidden) as error:
        reason = {"reason": error.extra.get("reason", error.code)}
        desk, scope = request.app.state.desk, request.scope
        note_refusal(desk, scope, "token-refused", who=who, what=OPEN, detail=reason)
        raise
    chosen = said.get("lang") or token.grant.lang or lang
    known: Lang = "en" if chosen == "en" else "th"
    answer = _drawn(request, session, settings, token, written, filters, known)
    request.scope[PRINCIPAL] = who
    del answer.headers["ETag"]
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _settled(grant: Grant, said: Mapping[str, str]) -> dict[str, str]:
    asked = {name: value for name, value in said.items() if name != "lang" and value}
    settled = {**grant.locked, **asked}
    if said.get("lang", "th") not in {"th", "en"} or not grant.fits(settled):
        raise Forbidden(OUTSIDE)
    return settled


def _drawn(
    request: Request, session: SessionDep, settings: Settings, token: Token, written: str,
    filters: Mapping[str, str], lang: Lang,
) -> Response:  # fmt: skip
    grant = token.grant
    resource, ancestors = grant.resource, " ".join(grant.origins)
    # A copy that a browser has was made for another frame.
    headers = [one for one in request.scope["headers"] if one[0] != b"if-none-match"]
    fresh = Request({**request.scope, "headers": headers})
    frame = {
        "token": written,
        "expires": token.expires_at,
        "origins": list(grant.origins),
        "editable": sorted(grant.editable),
        "state": {name: filters[name] for name in sorted(filters) if name in grant.editable},
        "open": OPEN,
    }
    if resource.kind == "map":
        state = _state(resource.id, lang, filters)
        return embedded(fresh, session, settings, state, ancestors=ancestors, frame=frame)
    if resource.kind == "collection":
        return embed_items.answer(
            session, resource.id, lang, filters=filters, frame=frame, ancestors=ancestors
        )
    asked = Asked(
        resource.id, filters.get("place", "TH"), lang, filters.get("period"),
        filters.get("compare"), filters.get("against"), filters.get("peers"),
    )  # fmt: skip
    return dashboard_page.answer(
        fresh, session, settings, asked, ancestors=ancestors, only=resource.panel, frame=frame
    )


def _state(indicator: str, lang: Lang, filters: Mapping[str, str]) -> State:
    one_of = {"level": get_args(Level), "scheme": SCHEMES}
    for name, known in one_of.items():
        if filters.get(name, known[0]) not in known:
            raise BadParameter(_wrong(name), parameter=name, known=list(known))
    texts = {
        name: filters.get(name)
        for name in ("level", "period", "area", "scheme", "region_scheme", "points", "compare")
    }
    return State(
        indicator, lang, **texts,
        classes=_number(filters, "classes"), resolution=_number(filters, "resolution"),
    )  # fmt: skip


def _number(filters: Mapping[str, str], name: str) -> int | None:
    said = filters.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) <= len("99")):
        raise BadParameter(_wrong(name), parameter=name)
    return int(said)


@router.get("/embed/doctor")
def doctor(request: Request, session: SessionDep, lang: LangDep) -> Response:
    """Show the form that asks what is wrong with a frame.

    Returns
    -------
    Response
        The page.
    """
    return _doctor(request, session, lang, {}, ())


@router.post("/embed/doctor", openapi_extra={"x-queryables": True})
def diagnose(request: Request, session: SessionDep, lang: LangDep, said: SaidDep) -> Response:
    """Tell what is wrong with a frame; nothing is fetched from anywhere.

    Returns
    -------
    Response
        The page, with what was found.
    """
    chosen = said.get("lang", lang)
    known: Lang = "en" if chosen == "en" else "th"
    case = embed_doctor.Case(
        address=said.get("address", "").strip()[:2_000], origin=said.get("origin", "").strip(),
        policy=said.get("policy", "").strip()[:4_000], token=said.get("token", "").strip(),
        here=base_url(request), ancestors=request.app.state.settings.frame_ancestors,
    )  # fmt: skip
    return _doctor(request, session, known, said, embed_doctor.diagnose(case, embeds_of(request)))


def _doctor(
    request: Request, session: SessionDep, lang: Lang, said: Mapping[str, str],
    found: tuple[str, ...],
) -> Response:  # fmt: skip
    other = "en" if lang == "th" else "th"
    context = {
        "said": {name: said.get(name, "") for name in ("address", "origin", "policy", "token")},
        "found": found,
        "causes": embed_doctor.CAUSES,
        "here": base_url(request),
        "is_sample": explore.is_sample(session),
        "other_language": f"/embed/doctor?lang={other}",
    }
    kept = {"Cache-Control": "private, no-store"}
    return respond("doctor.html", lang, context, headers=kept)


def _wrong(name: str) -> Text:
    return Text(th=f"ค่าของ '{name}' ไม่ถูกต้อง", en=f"The value of '{name}' is not one of ours")


_UNREADABLE: Final = Text(th="อ่านข้อมูลที่ส่งมาไม่ได้", en="What was sent could not be read")
