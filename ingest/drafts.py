"""One value on its way from a cell to an observation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from geo_service.core.periods import Period
from ingest.clean import State

_STATUSES: dict[State, str] = {
    "missing": "not_reported",
    "not_applicable": "not_applicable",
    "suppressed": "suppressed",
}


@dataclass(frozen=True, slots=True)
class Place:
    """The area or organisation a row is about; ``moved`` when its code was an abolished one."""

    level: str
    id: int
    code: str
    flags: tuple[str, ...] = ()
    name: str = ""

    @property
    def is_org(self) -> bool:
        """Whether it is an organisation."""
        return self.level == "org"

    @property
    def is_moved(self) -> bool:
        """Whether the row named a place that has been succeeded by this one."""
        return bool(self.flags) and any(f.startswith("successor-of-") for f in self.flags)


@dataclass(slots=True)
class Draft:
    """One value of one indicator for one place and period; ``value`` in the indicator's unit."""

    indicator: str
    place: Place
    period: Period
    row: int
    column: str
    said: str | None
    state: State
    breakdown: str = "{}"
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    flags: set[str] = field(default_factory=set)

    @property
    def key(self) -> tuple[str, bool, int, str, str]:
        """What makes two drafts the same observation."""
        return (self.indicator, self.place.is_org, self.place.id, self.period.key, self.breakdown)

    @property
    def status(self) -> str:
        """How the observation is stored."""
        if self.state == "value":
            return "zero" if self.value == 0 else "reported"
        return _STATUSES[self.state]


def slice_key(breakdown: Mapping[str, str]) -> str:
    """Write a breakdown in its one spelling.

    Parameters
    ----------
    breakdown : mapping
        For example ``{"sex": "f"}``; empty for the total.

    Returns
    -------
    str
        JSON with sorted keys.
    """
    return json.dumps(dict(breakdown), sort_keys=True, ensure_ascii=False)
