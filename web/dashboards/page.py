"""The addresses of dashboards: the list, one for a place, and either in a frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from geo_service.core.errors import NotFound
from geo_service.core.periods import parse_period
from geo_service.core.settings import Settings
from geo_service.core.text import BUDDHIST_OFFSET, Lang, Text
from geo_service.deps import LangDep, SessionDep, SettingsDep, base_url, revalidate
from layers import profile
from layers.cube.peers import GROUPS, NAMES
from layers.profile import Profile
from layers.questions import state_of
from web import dashboards
from web.dashboards.panels import Filling
from web.dashboards.views import Asked, arranged
from web.pages import PageRoute
from web.paper import paper_of
from web.profile import title
from web.render import OPEN_FRAME, SITE_FRAMES, respond_kept

router = APIRouter(route_class=PageRoute, include_in_schema=False)

CodeQuery = Annotated[str | None, Query(max_length=20, pattern=r"^[A-Za-z0-9-]*$")]
PeriodQuery = Annotated[str | None, Query(max_length=20)]


@router.get("/dashboards")
def dashboards_page(
    request: Request, session: SessionDep, settings: SettingsDep, lang: LangDep
) -> Response:
    """List the dashboards.

    Returns
    -------
    Response
        The page.
    """
    state = state_of(session, ())
    known = dashboards.names(settings.data_dir)
    marks = "".join(dashboards.fingerprint(name, settings.data_dir) for name in known)
    headers = revalidate(request, f"{state.token}{marks}", lang=lang)
    is_english = lang == "en"
    cards = []
    for name in known:
        read = dashboards.read(name, settings.data_dir)
        address = Asked(name, "TH", lang).address()
        cards.append((read.title[is_english], read.lead[is_english], address))
    context = {
        "cards": cards,
        "is_sample": state.is_sample,
        "other_language": f"/dashboards?lang={_other(lang)}",
    }
    return respond_kept("dashboards.html", lang, context, headers)


@router.get("/dashboards/{name}")
def dashboard_page(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    lang: LangDep,
    name: str,
    place: CodeQuery = None,
    period: PeriodQuery = None,
    compare: CodeQuery = None,
    against: PeriodQuery = None,
    peers: CodeQuery = None,
) -> Response:
    """Show a dashboard for a place.

    Returns
    -------
    Response
        The page.
    """
    asked = Asked(
        name, place or "TH", lang, period or None, compare or None, against or None, peers or None
    )
    return answer(request, session, settings, asked, ancestors=None)


@router.get("/embed/dashboards/{name}")
def embedded_dashboard(
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    lang: LangDep,
    name: str,
    place: CodeQuery = None,
    period: PeriodQuery = None,
    compare: CodeQuery = None,
    against: PeriodQuery = None,
    peers: CodeQuery = None,
    panel: Annotated[int | None, Query(ge=1, le=40)] = None,
) -> Response:
    """Show a dashboard, or one of its panels, for a frame in somebody's page.

    Returns
    -------
    Response
        The page; the settings say who may frame it.
    """
    asked = Asked(
        name, place or "TH", lang, period or None, compare or None, against or None, peers or None
    )
    return answer(request, session, settings, asked, ancestors=settings.frame_ancestors, only=panel)


def answer(
    request: Request,
    session: SessionDep,
    settings: Settings,
    asked: Asked,
    *,
    ancestors: str | None,
    only: int | None = None,
    frame: Mapping[str, Any] | None = None,
) -> HTMLResponse:
    """Write a dashboard for a place.

    Parameters
    ----------
    request : Request
        Any request.
    session : Session
        Only read.
    settings : Settings
        Say where dashboards of one's own are.
    asked : Asked
        Which dashboard, for which place and year.
    ancestors : str or None
        Who may frame it, in the words of CSP; ``None`` for the page that is in no frame.
    only : int, optional
        The one panel that is shown, counted from 1.
    frame : mapping, optional
        What the scripts in a frame must know of the token that opened it.

    Returns
    -------
    HTMLResponse
        The page.

    Raises
    ------
    NotFound
        If there is no such panel.
    """
    declared = dashboards.read(asked.name, settings.data_dir)
    year = _year(asked.period)
    ranked = {key for panel in declared.panel if panel.kind == "cards" for key in panel.keys}
    shown = profile.build(session, asked.place, year=year, ranked=ranked)
    other = None
    if asked.compare:
        other = profile.build(session, asked.compare, year=year, ranked=ranked)
    elif asked.against:
        other = profile.build(session, asked.place, year=_year(asked.against), ranked=ranked)
    state = state_of(session, shown.subjects)
    mark = dashboards.fingerprint(asked.name, settings.data_dir)
    headers = revalidate(request, f"{state.token}{mark}", lang=asked.lang)
    if only is not None:
        if only > len(declared.panel):
            raise NotFound(Text("ไม่มีแผงนี้", "There is no such panel"))
        alone = declared.panel[only - 1].model_copy(update={"width": dashboards.COLUMNS})
        declared = declared.model_copy(update={"panel": (alone,)})
    views = tuple(Filling(session, asked, shown, other).views(declared))
    if only is None:
        views = arranged(views, asked.lang)
    context = {
        **_choices(session, asked, shown),
        "heading": declared.title[asked.lang == "en"],
        "lead": declared.lead[asked.lang == "en"],
        "views": views,
        "asked": asked,
        "place": title(shown.place, asked.lang),
        "beside_name": title(other.place, asked.lang) if other else "",
        "is_embedded": ancestors is not None,
        "frame": frame or OPEN_FRAME,
        "is_sample": state.is_sample,
        "other_language": asked.address(lang=_other(asked.lang)),
        "paper": paper_of(
            session, asked.lang, f"{base_url(request)}{asked.address()}", shown.subjects,
            state.token,
        ),
    }  # fmt: skip
    return respond_kept(
        "dashboard.html", asked.lang, context, headers, frame_ancestors=ancestors or SITE_FRAMES
    )


def _choices(session: SessionDep, asked: Asked, shown: Profile) -> dict[str, Any]:
    lang = asked.lang
    years = sorted(
        {point.period.year_ce for line in shown.lines for point in line.history}, reverse=True
    )
    shift = BUDDHIST_OFFSET if lang == "th" else 0
    trail = [
        (title(one, lang), asked.address(place=one.code, compare=None)) for one in shown.within
    ]
    return {
        "trail": trail,
        "peers": [(by, NAMES[by].in_(lang)) for by in GROUPS.get(shown.place.level, ())],
        "years": [(str(year + BUDDHIST_OFFSET), str(year + shift)) for year in years],
        "beside": [
            (one.code, title(one, lang))
            for one in profile.beside(session, shown)
            if one.code != shown.place.code
        ],
        "inside": [(one.code, title(one, lang)) for one in shown.inside if one.level != "org"],
        "profile_address": f"/places/{shown.place.code}?f=html&lang={lang}",
    }


def _year(period: str | None) -> int | None:
    if period is None:
        return None
    return parse_period(period).year_ce


def _other(lang: Lang) -> Lang:
    return "en" if lang == "th" else "th"
