"""The register of codes kept by the Department of Provincial Administration (DOPA).

Names and codes of every province, district and sub-district in force, and where abolished codes
went. It comes with the package geothai (MIT; its data CC BY 4.0, from DOPA and the Royal
Gazette), so that a file of shapes can be compared with it on a machine without a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import geothai
from geothai.abolished import abolished_areas

from boundaries import names


@dataclass(frozen=True, slots=True)
class Registered:
    """An area in force; ``parent`` is the code of what it lies in, empty for a province."""

    level: str
    code: str
    name_th: str
    name_en: str
    parent: str


@dataclass(frozen=True, slots=True)
class Abolished:
    """A code no longer in use: since when (None: not known), and where it went."""

    level: str
    code: str
    name_th: str
    since: date | None
    successors: tuple[str, ...]
    source: str


@cache
def current(level: str) -> dict[str, Registered]:
    """Return the areas of a level that are in force.

    Parameters
    ----------
    level : str
        ``province``, ``district`` or ``subdistrict``.

    Returns
    -------
    dict of str to Registered
        By DOPA code; names without the word for the level.
    """
    provinces = geothai.provinces()
    if level == "province":
        found = [Registered(level, p.code, p.name_th, p.name_en, "") for p in provinces]
    else:
        districts = [d for p in provinces for d in geothai.districts(p.code)]
        if level == "district":
            rows = [(d.code, d.name_th, d.name_en) for d in districts]
        else:
            parts = [s for d in districts for s in geothai.subdistricts(d.code)]
            rows = [(s.code, s.name_th, s.name_en) for s in parts]
        found = [
            Registered(level, code, names.strip_prefix(th, level), en or "", code[:-2])
            for code, th, en in rows
        ]
    return {one.code: one for one in found}


@cache
def abolished(level: str) -> dict[str, Abolished]:
    """Return the codes of a level that were abolished.

    Parameters
    ----------
    level : str
        ``district`` or ``subdistrict``.

    Returns
    -------
    dict of str to Abolished
        By code. ``since`` is the day the successors came into force when a notice says so,
        else the day DOPA ended the code.
    """
    return {
        one.code: Abolished(
            level=one.level,
            code=one.code,
            name_th=one.name_th,
            since=_day(one.successors_in_force) or _day(one.abolished_on),
            successors=tuple(code for code in one.successors if len(code) == len(one.code)),
            source=one.successors_source or "",
        )
        for one in abolished_areas()
        if one.level == level
    }


def _day(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
