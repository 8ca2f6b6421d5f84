"""The state of a dashboard, and its panels as templates take them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from geo_service.core.text import Lang
from web.dashboards import COLUMNS
from web.words import words

#: The level of what lies in a place, which maps and rankings of a dashboard show.
BELOW: Final = {
    "country": "province", "region": "province", "province": "district", "district": "subdistrict",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """The state of a dashboard: whose it is, at which period, beside which other place."""

    name: str
    place: str
    lang: Lang
    period: str | None = None
    compare: str | None = None
    against: str | None = None
    peers: str | None = None

    def address(self, **changed: str | None) -> str:
        """Write the address of a state.

        Parameters
        ----------
        **changed : str or None
            Parts of the state to change.

        Returns
        -------
        str
            Only what differs from the defaults; ``lang`` always.
        """
        state = replace(self, **changed)  # type: ignore[arg-type]
        pairs = {
            "place": "" if state.place == "TH" else state.place, "period": state.period,
            "compare": state.compare, "against": state.against, "peers": state.peers,
            "lang": state.lang,
        }  # fmt: skip
        query = "&".join(f"{key}={value}" for key, value in pairs.items() if value)
        return f"/dashboards/{state.name}?{query}"


@dataclass(frozen=True, slots=True)
class View:
    """One panel, ready for its template; where `body` is None, `note` says why."""

    kind: str
    title: str
    subtitle: str
    note: str
    width: int
    more: str
    body: Any


@dataclass(frozen=True, slots=True)
class Mark:
    """One place in a map, a ranking or a table."""

    code: str
    name: str
    value: str
    fill: str
    shade: int
    address: str
    path: str = ""
    share: float = 0.0
    rank: int = 0
    is_own: bool = False
    ranks: str = ""
    ends: tuple[float, float] | None = None


def arranged(views: Iterable[View], lang: Lang) -> tuple[View, ...]:
    """Leave no holes: what has nothing to show is told in one panel at the end, rows are filled.

    Parameters
    ----------
    views : iterable of View
        In the order of the file.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    tuple of View
        Each row of panels as wide as the page.
    """
    known = tuple(views)
    shown = _in_full_rows([view for view in known if view.body is not None])
    # Two years are beside each other where a year was chosen, and not missed elsewhere.
    empty = [view for view in known if view.body is None and view.kind != "years"]
    missing = dict.fromkeys((view.title, view.note) for view in empty if view.note)
    if missing:
        heading = words(lang)["dashboard_missing"]
        shown.append(View("missing", heading, "", "", COLUMNS, "", tuple(missing)))
    return tuple(shown)


# The last panel of a row takes what is left of it.
def _in_full_rows(views: list[View]) -> list[View]:
    made: list[View] = []
    left = COLUMNS
    for view in views:
        if view.width > left:
            made[-1] = replace(made[-1], width=made[-1].width + left)
            left = COLUMNS
        made.append(view)
        left = (left - view.width) or COLUMNS
    if made and left < COLUMNS:
        made[-1] = replace(made[-1], width=made[-1].width + left)
    return made
