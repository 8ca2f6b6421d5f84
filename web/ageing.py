"""When places grow old, written for people: years with their intervals, or what is lacking."""

from __future__ import annotations

from dataclasses import dataclass

from geo_service.core.errors import NotFound
from geo_service.core.text import BUDDHIST_OFFSET, Lang
from geo_service.deps import SessionDep
from layers import ageing
from layers.ageing import Ageing, Passing, Place
from layers.thematic.words import styled
from web import charts, figures
from web.words import number, words


@dataclass(frozen=True, slots=True)
class Told:
    """One place as the page shows it; ``limits`` are names and what is said of each."""

    name: str
    address: str
    share: str
    when: str
    chart: charts.Chart | None
    limits: tuple[tuple[str, str], ...]
    people: str


def of_place(session: SessionDep, level: str, code: str) -> Ageing | None:
    """Project one place.

    Parameters
    ----------
    session : Session
        Only read.
    level : str
        Of the place.
    code : str
        Of the place.

    Returns
    -------
    Ageing or None
        None where nothing is known of its ages.
    """
    try:
        return ageing.read(session, level=level, codes=[code])
    except NotFound:
        return None


def tell(one: Place, found: Ageing, lang: Lang, *, with_chart: bool = True) -> Told:
    """Write a place for people.

    Parameters
    ----------
    one : Place
        Of the level.
    found : Ageing
        What it is one of.
    lang : {"th", "en"}
        Language of the reader.
    with_chart : bool
        Whether its fan is drawn.

    Returns
    -------
    Told
        Words, and the chart.
    """
    info, say = found.indicator, words(lang)
    known = [past for past in one.history if past.value is not None]
    people = ""
    if one.people:
        last = one.people[-1]
        people = say["ageing_people"].replace("{year}", year_of(last.year, lang))
        people = people.replace("{total}", number(last.total, 0))
        people = people.replace("{sixty}", number(last.sixty, 0))
    return Told(
        name=one.name.en if lang == "en" else styled(found.level, one.code, one.name.th),
        address=f"/ageing?place={one.code}&f=html&lang={lang}",
        share=figures.with_unit(known[-1].value, info, lang) if known else number(None, 0),
        when=known[-1].period.label.in_(lang) if known else "",
        chart=_chart(one) if with_chart else None,
        limits=tuple((limit_of(passing, lang), say_when(passing, lang)) for passing in one.passing),
        people=people,
    )


def limit_of(passing: Passing, lang: Lang) -> str:
    """Name a limit.

    Parameters
    ----------
    passing : Passing
        Of any place.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``28% (super-aged)``.
    """
    return f"{number(passing.limit.value, 0)}% ({passing.limit.label.in_(lang)})"


def say_when(passing: Passing, lang: Lang) -> str:
    """Say when a limit is passed, and how sure that is.

    Parameters
    ----------
    passing : Passing
        Of the place.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        One phrase.
    """
    say = words(lang)
    if passing.passed is not None:
        # the era stays with its year
        label = passing.passed.label.in_(lang).replace(" ", "\N{NO-BREAK SPACE}")
        return say["ageing_passed"].replace("{when}", label)
    if not passing.chances:
        return say["ageing_unknown"]
    last, chance = passing.chances[-1]
    beyond = say["ageing_later"].replace("{last}", year_of(last, lang))
    if passing.likely is None:
        told = say["ageing_chance"].replace("{chance}", f"{100 * chance:.0f}")
        return f"{beyond} · {told.replace('{last}', year_of(last, lang))}"
    early = year_of(passing.early or passing.likely, lang)
    late = beyond if passing.late is None else year_of(passing.late, lang)
    told = say["ageing_likely"].replace("{when}", year_of(passing.likely, lang))
    return told.replace("{early}", early).replace("{late}", late)


def year_of(year: int, lang: Lang) -> str:
    """Write a CE year as readers count.

    Parameters
    ----------
    year : int
        CE.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    str
        ``2573`` in Thai.
    """
    return str(year + BUDDHIST_OFFSET if lang == "th" else year)


def _chart(one: Place) -> charts.Chart | None:
    past = [charts.Value(known.period.year_ce, known.value) for known in one.history]
    ahead = [
        charts.Band(
            year.period.year_ce, year.point, year.low80, year.high80, year.low95, year.high95
        )
        for year in one.ahead
    ]
    if not ahead:
        return None
    chart = charts.draw([past], ahead=ahead)
    return chart if chart.lines and chart.lines[0].dots else None
