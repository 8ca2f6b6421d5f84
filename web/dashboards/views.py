"""The state of a dashboard, and its panels as templates take them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from geo_service.core.text import Lang


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
    """One panel, ready for its template; `body` is None where there is nothing to show."""

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
