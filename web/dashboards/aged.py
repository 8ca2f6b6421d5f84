"""The panel of when places grow old: the place itself, and those in it that are oldest now."""

from __future__ import annotations

from geo_service.core.errors import NotFound
from geo_service.core.text import Lang
from geo_service.deps import SessionDep
from layers.ageing import read
from layers.profile import Profile
from web import ageing
from web.dashboards import Panel
from web.dashboards.views import BELOW, View
from web.words import words


def view(session: SessionDep, profile: Profile, panel: Panel, lang: Lang) -> View:
    """Tell when a place and those in it pass the limits of ageing.

    Parameters
    ----------
    session : Session
        Only read.
    profile : Profile
        Of the place.
    panel : Panel
        Its declaration.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    View
        Without a body where nothing is known.
    """
    place, say = profile.place, words(lang)
    own = ageing.of_place(session, place.level, place.code)
    inside = _inside(session, profile, panel.most, lang)
    heading = say["ageing_title"]
    if own is None and not inside:
        return View(panel.kind, heading, "", say["dashboard_nothing"], panel.width, "", None)
    told = None if own is None else ageing.tell(own.places[0], own, lang, with_chart=False)
    why = own.refused if own is not None else None
    body = (told, inside, [limit for limit, _ in (told or inside[0]).limits])
    more = f"/ageing?level={BELOW.get(place.level, place.level)}&f=html&lang={lang}"
    note = "" if why is None else why.in_(lang)
    return View(panel.kind, heading, say["ageing_share"], note, panel.width, more, body)


def _inside(session: SessionDep, profile: Profile, most: int, lang: Lang) -> list[ageing.Told]:
    below = BELOW.get(profile.place.level)
    codes = [one.code for one in profile.inside if one.level == below]
    if not codes and profile.place.level != "country":
        return []
    try:
        found = read(session, level=below, codes=codes)
    except NotFound:
        return []
    known = list(found.places)
    known.sort(key=lambda one: -(one.history[-1].value or 0.0) if one.history else 0.0)
    return [ageing.tell(one, found, lang, with_chart=False) for one in known[:most]]
