"""The addresses of the pages: gallery, map, embedded map, demonstration, our own files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute

from geo_service.core.errors import Fault, NotFound, NotModified
from geo_service.core.settings import Settings
from geo_service.core.text import Lang, Text
from geo_service.deps import LangDep, SessionDep, SettingsDep
from geo_service.deps.embeds import OPEN
from geo_service.problems import answer_to, choose_language
from layers.thematic import Scheme
from web import explore, gallery, hexagons, map_page
from web.assets import STATIC
from web.choices import State
from web.render import OPEN_FRAME, respond
from web.words import words

A_YEAR_S: Final = 31_536_000
A_DAY_S: Final = 86_400
_UNAUTHENTICATED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_SERVER: Final = 500
#: A worker lives by the policy of the file it came in; that of maps fetches tiles.
FILE_POLICY: Final = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"

Level = Literal["country", "region", "province", "district", "subdistrict", "org", "hexbin"]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """A route whose errors are pages for people, with the status of the error."""

    def get_route_handler(self) -> Handler:
        """Wrap the handler.

        Returns
        -------
        Handler
            Answers HTML whatever happens.
        """
        original = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await original(request)
            except NotModified:
                raise
            except Exception as error:  # noqa: BLE001  (as_fault keeps nothing of unknown errors)
                return answer_to(request, error, page=problem_page)

        return handler


def asked_state(
    indicator: str,
    lang: LangDep,
    level: Level | None = None,
    period: Annotated[str | None, Query(max_length=60)] = None,
    area: Annotated[str | None, Query(max_length=20)] = None,
    scheme: Scheme | None = None,
    classes: Annotated[int | None, Query(ge=0, le=99)] = None,
    region_scheme: Annotated[str | None, Query(max_length=40)] = None,
    resolution: Annotated[int | None, Query(ge=3, le=9)] = None,
    points: Annotated[str | None, Query(max_length=64)] = None,
    view: Literal["portrait", "landscape"] | None = None,
    compare: Annotated[str | None, Query(max_length=60)] = None,
) -> State:
    """Read the state of a map page from its address.

    Returns
    -------
    State
        What was asked; None where nothing was.
    """
    return State(
        indicator=indicator,
        lang=lang,
        level=level,
        period=period or None,
        area=area or None,
        scheme=scheme,
        classes=classes,
        region_scheme=region_scheme or None,
        resolution=resolution,
        points=points or None,
        view=view,
        compare=compare or None,
    )


router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/static/{name:path}")
def own_file(name: str, v: str | None = None) -> FileResponse:
    """Answer one of our own files; addresses with ``v`` change with the file and never expire.

    Returns
    -------
    FileResponse
        Open to other sites: the pages around our frames load a script of ours.

    Raises
    ------
    NotFound
        If there is no such file below ``web/static``.
    """
    path = (STATIC / name).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        raise NotFound(Text("ไม่พบไฟล์นี้", "There is no such file"))
    keep = f"public, max-age={A_YEAR_S}, immutable" if v else f"public, max-age={A_DAY_S}"
    headers = {
        "Cache-Control": keep,
        "Access-Control-Allow-Origin": "*",
        "Content-Security-Policy": FILE_POLICY,
    }
    return FileResponse(path, headers=headers)


@router.get("/maps")
def maps(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    lang: LangDep,
    indicator: str | None = None,
    theme: str | None = None,
    level: str | None = None,
    period: str | None = None,
    area: str | None = None,
    scheme: str | None = None,
    classes: str | None = None,
    resolution: str | None = None,
    points: str | None = None,
    region_scheme: str | None = None,
    compare: str | None = None,
    was: Annotated[str | None, Query(alias="from")] = None,
) -> Response:
    """Show the gallery, or lead to the map that a form asked for.

    Returns
    -------
    Response
        The page, or 303 to the map.
    """
    if indicator or theme:
        asked = State(
            indicator or "",
            lang,
            level=level,
            period=period,
            area=area,
            scheme=scheme,
            classes=int(classes) if classes and classes.isdigit() else None,
            resolution=int(resolution) if resolution and resolution.isdigit() else None,
            points=points,
            region_scheme=region_scheme if level == "region" else None,
            compare=compare,
        )
        state = explore.settle(session, asked, theme=theme, was=was)
        return RedirectResponse(state.address(), status_code=303)
    return respond("gallery.html", lang, gallery.context(session, lang, _base(request, settings)))


@router.get("/maps/{indicator}")
def map_of(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    state: Annotated[State, Depends(asked_state)],
) -> HTMLResponse:
    """Show the map of an indicator.

    Returns
    -------
    HTMLResponse
        The page, or its print view.
    """
    shown = _shown(request, session, settings, state)
    if state.view is not None:
        return respond("print.html", state.lang, shown)
    thematic_map = shown["map"]
    shown["controls"] = explore.controls(session, thematic_map, shown["state"])
    return respond("map.html", state.lang, shown)


@router.get("/embed/demo")
def demo(
    request: Request, session: SessionDep, settings: SettingsDep, lang: LangDep
) -> HTMLResponse:
    """Show three maps inside another page.

    Returns
    -------
    HTMLResponse
        The page.
    """
    return respond("demo.html", lang, gallery.demo(session, lang, _base(request, settings)))


@router.get("/embed/maps/{indicator}")
def embedded_map(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    state: Annotated[State, Depends(asked_state)],
) -> HTMLResponse:
    """Show the map of an indicator for a frame in somebody's page.

    Returns
    -------
    HTMLResponse
        The page; the settings say who may frame it.
    """
    return embedded(request, session, settings, state, ancestors=settings.frame_ancestors)


def embedded(
    request: Request,
    session: SessionDep,
    settings: Settings,
    state: State,
    *,
    ancestors: str,
    frame: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """Write the map of an indicator for a frame.

    Parameters
    ----------
    request : Request
        Any request.
    session : Session
        Only read.
    settings : Settings
        Say what our address is.
    state : State
        What the map shows.
    ancestors : str
        Who may frame the page, in the words of CSP.
    frame : mapping, optional
        What the scripts in the frame must know of the token that opened it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    shown = _shown(request, session, settings, state)
    most = map_page.MOST_TABLE_ROWS_EMBED
    shown["table"], shown["table_cut"] = map_page.table(shown["map"], state.lang, most=most)
    # What is locked in a frame is not led out of by a link of ours.
    leads_out = frame is None
    shown["full_address"] = f"{_base(request, settings)}{shown['full_address']}" * leads_out
    shown["frame"] = frame or OPEN_FRAME
    return respond("embed.html", state.lang, shown, frame_ancestors=ancestors)


def landing_html(session: SessionDep, lang: Lang) -> HTMLResponse:
    """Write the landing page for people.

    Parameters
    ----------
    session : Session
        Only read.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    HTMLResponse
        With its content policy.
    """
    return respond("landing.html", lang, gallery.landing(session, lang))


def _shown(
    request: Request, session: SessionDep, settings: Settings, state: State
) -> dict[str, Any]:
    base_url = _base(request, settings)
    points = explore.points_above(session, state)
    if state.level == "hexbin":
        drawn, cells = hexagons.build(session, state)
        return map_page.context(
            session, drawn, state, base_url=base_url, cells=cells, points=points
        )
    drawn = explore.build(session, state)
    return map_page.context(session, drawn, state, base_url=base_url, points=points)


def _base(request: Request, settings: Settings) -> str:
    return (settings.public_url or str(request.base_url)).rstrip("/")


def problem_page(request: Request, fault: Fault, status: int) -> HTMLResponse:
    """Write an error as a page for people.

    Parameters
    ----------
    request : Request
        What was asked.
    fault : Fault
        What went wrong.
    status : int
        HTTP status.

    Returns
    -------
    HTMLResponse
        In the reader's language.
    """
    lang = choose_language(request)
    other = "en" if lang == "th" else "th"
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
    is_frame = request.url.path == OPEN
    if is_frame:
        # The address holds a token: no link repeats it, and signing in would not help.
        kept = []
    may_sign_in = status == _UNAUTHENTICATED and not is_frame
    # one slash in front: two would name another host
    path = quote(f"/{request.url.path.lstrip('/')}")
    return respond(
        "problem.html",
        lang,
        {
            "heading": fault.title.in_(lang),
            "detail": words(lang)["error_sign_in"] if may_sign_in else fault.detail.in_(lang),
            "next": words(lang)[_next_of(status, request.method)],
            "again": f"{path}?{urlencode([*kept, ('lang', lang)])}"
            if status >= _SERVER and request.method == "GET"
            else "",
            "is_sample": False,
            "other_language": f"{path}?{urlencode([*kept, ('lang', other)])}",
            "sign_in": _sign_in(request, path, lang) if may_sign_in else "",
        },
        status=status,
    )


def _next_of(status: int, method: str) -> str:
    # What to do about it: who may not come in gains nothing by another address, and what a form
    # ordered may have been done although its answer did not come in time.
    if status >= _SERVER and method != "GET":
        return "error_after_form"
    if status >= _SERVER or status == _TOO_MANY:
        return "error_later"
    return "error_ask" if status in {_UNAUTHENTICATED, _FORBIDDEN} else "error_next"


def _sign_in(request: Request, path: str, lang: Lang) -> str:
    # Back to what was asked for; what a form was to do is not done again by itself.
    asked = f"{path}?{request.url.query}" if request.url.query else path
    wanted = asked if request.method == "GET" else ""
    return f"/account?{urlencode({'lang': lang, **({'next': wanted} if wanted else {})})}"
