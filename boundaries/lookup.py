"""The one place where a messy code or name means an area or an organisation, or why not.

A ``Gazetteer`` is read once per load and answers from memory. It never guesses: one place, or
none with the nearest names, or several with all of them. Codes are followed over time: a code
that was abolished leads to its successor when there is exactly one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries import names
from boundaries.models import AreaCode, AreaEvent, OrgCode
from boundaries.place_index import PlaceIndex, entered, names_a_seat
from boundaries.places import Place, read_areas, read_orgs

#: From large to small; what a gazetteer of a level holds is that level and all before it.
LEVELS = ("province", "district", "subdistrict", "org")
_CODE_DIGITS = {"province": 2, "district": 4, "subdistrict": 6}
_DLA_DIGITS = 7

MissingReason = Literal["no-place", "unknown-place", "abolished-place", "later-place"]
AmbiguousReason = Literal["ambiguous-place", "contradicting-place", "split-place"]


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one place; ``flags`` tell how, when it was not by its own code or name.

    ``successor-of-CODE``: an abolished code was followed. ``name-matched``: the name is a
    variant. ``name-differs``: the code is known, its name is another one.
    """

    id: int
    code: str
    name_th: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """No such place; ``candidates`` are the nearest names with their codes."""

    reason: MissingReason
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several places; all of them are told."""

    reason: AmbiguousReason
    candidates: tuple[str, ...]


class Gazetteer:
    """All areas and organisations by code and by name, on one day.

    Parameters
    ----------
    areas, orgs : iterable of Place
        Everything known, past versions included.
    codes : iterable of (system, code, id)
        Codes of areas in other systems.
    org_codes : iterable of (system, code, id)
        Codes of organisations in other systems.
    successors : dict of (level, code) to list of codes
        Where abolished codes went.
    on : date, optional
        The day that questions are about unless they say another; None: what is in force now.
    """

    def __init__(
        self,
        areas: Iterable[Place],
        orgs: Iterable[Place] = (),
        *,
        codes: Iterable[tuple[str, str, int]] = (),
        org_codes: Iterable[tuple[str, str, int]] = (),
        successors: dict[tuple[str, str], list[str]] | None = None,
        on: date | None = None,
    ) -> None:
        self.on = on
        self._index = PlaceIndex(areas, orgs, codes=codes, org_codes=org_codes)
        self._successors = successors or {}

    @classmethod
    def read(cls, session: Session, on: date | None = None, *, finest: str = "org") -> Gazetteer:
        """Read what has a code or a name.

        Parameters
        ----------
        session : Session
            To read with.
        on : date, optional
            The day that questions are about unless they say another.
        finest : str
            One of ``LEVELS``: what is smaller is not read and not found.

        Returns
        -------
        Gazetteer
            Answers from memory; later changes of the tables are not seen.
        """
        successors: dict[tuple[str, str], list[str]] = defaultdict(list)
        events = select(AreaEvent.level, AreaEvent.from_code, AreaEvent.to_code)
        for level, source, target in session.execute(
            events.where(AreaEvent.to_code.is_not(None)).order_by(AreaEvent.id)
        ):
            if target != source:
                successors[level, source].append(str(target))
        # P-codes are read off DOPA's; there are as many as there are areas.
        codes = select(AreaCode.system, AreaCode.code, AreaCode.area_id)
        org_codes = select(OrgCode.system, OrgCode.code, OrgCode.org_id)
        has_orgs = finest == LEVELS[-1]
        levels = {"country", *LEVELS[: LEVELS.index(finest) + 1]}
        return cls(
            read_areas(session, levels),
            read_orgs(session) if has_orgs else (),
            codes=session.execute(codes.where(AreaCode.system != "pcode")),
            org_codes=session.execute(org_codes) if has_orgs else (),
            successors=dict(successors),
            on=on,
        )

    def area(
        self,
        level: str,
        *,
        code: str | None = None,
        system: str = "dopa",
        name: str | None = None,
        province: str | None = None,
        district: str | None = None,
        on: date | None = None,
    ) -> Found | Missing | Ambiguous:
        """Find the area that a code or a name means.

        Parameters
        ----------
        level : str
            ``country``, ``province``, ``district`` or ``subdistrict``.
        code : str, optional
            Its code; the code decides, a name beside it is compared.
        system : str
            Whose code: ``dopa``, ``pcode`` (TH and the DOPA code) or one of ``area_code``.
        name : str, optional
            In Thai or Latin letters, with or without the word for its level.
        province, district : str, optional
            Name or DOPA code of what it lies in; narrows a name.
        on : date, optional
            The day it must be in force; the gazetteer's own day when left out.

        Returns
        -------
        Found or Missing or Ambiguous
            ``contradicting-place`` when code and name are two places of one name each.
        """
        on = on or self.on
        if level == "country":
            return self._country()
        if code and code.strip():
            answer = self._by_any_code(level, code, system=system, on=on)
            if name and isinstance(answer, Found):
                return self._compared(answer, level, name, within=(province, district), on=on)
            return answer
        if name and name.strip():
            return self._by_any_name(level, name, within=(province, district), on=on)
        return Missing("no-place")

    def spellings(self, area_id: int) -> tuple[str, ...]:
        """Tell every name that an area is known by.

        Parameters
        ----------
        area_id : int
            Id of a ``Found`` area.

        Returns
        -------
        tuple of str
            In Thai, in Latin letters, and others.
        """
        place = self._index.areas[area_id]
        return (place.name_th, place.name_en, *place.name_alt)

    def org(
        self,
        *,
        code: str | None = None,
        system: str | None = None,
        name: str | None = None,
        kind: str | None = None,
        province: str | None = None,
        district: str | None = None,
        on: date | None = None,
    ) -> Found | Missing | Ambiguous:
        """Find the organisation that a code or a name means.

        Parameters
        ----------
        code : str, optional
            Its DLA code (7 digits, or 8 with a type of two), or its code in ``system``.
        system : str, optional
            Whose code; every system is tried when left out.
        name : str, optional
            With its kind (``อบต.เสม็ด``) or bare; needs ``kind`` or ``province`` to be sure.
        kind : str, optional
            One of ``ORG_KINDS`` or a word for it.
        province, district : str, optional
            Name or DOPA code of where it is.
        on : date, optional
            The day it must be in force.

        Returns
        -------
        Found or Missing or Ambiguous
            Several of one name (a municipality and an SAO beside it) are ambiguous. The code of
            one that was replaced leads to the one after it, flagged.
        """
        on = on or self.on
        if code and code.strip():
            return self._org_by_code(names.normalise(code), system, on)
        if not name or not name.strip():
            return Missing("no-place")
        split = names.split_org_name(name)
        wanted = (names.org_kind(kind) or kind) if kind else split.kind
        bare = names.key(split.bare)
        found = [p for p in self._index.of_name("org", bare) if p.is_in_force(on)]
        flags: tuple[str, ...] = ()
        if not found:
            found = [p for p in self._index.of_loose_name("org", bare) if p.is_in_force(on)]
            flags = ("name-matched",)
        if wanted:
            found = [p for p in found if p.kind == wanted]
        found = [p for p in found if self._index.lies_in(p, province, district)]
        if not found:
            inside = (
                p for p in self._index.orgs.values() if self._index.lies_in(p, province, district)
            )
            return Missing("unknown-place", self._index.nearest(bare, inside))
        return self._one(found, flags)

    def _country(self) -> Found | Missing:
        found = next((p for p in self._index.areas.values() if p.level == "country"), None)
        return Missing("unknown-place") if found is None else _found(found)

    def _by_any_code(
        self, level: str, code: str, *, system: str, on: date | None
    ) -> Found | Missing | Ambiguous:
        said = names.normalise(code)
        if system not in {"dopa", "pcode"}:
            return self._by_foreign_code(level, said, system, on)
        digits = said.upper().removeprefix("TH") if system == "pcode" else said
        digits = digits.removesuffix(".0")
        if not digits.isdigit() or len(digits) != _CODE_DIGITS.get(level, 0):
            return Missing("unknown-place")
        versions = self._index.of_code(level, digits)
        found = [p for p in versions if p.is_in_force(on)]
        if found:
            return _found(found[0])
        return self._succeeded(level, digits, on, was_known=bool(versions))

    def _by_foreign_code(
        self, level: str, code: str, system: str, on: date | None
    ) -> Found | Missing | Ambiguous:
        known = self._index.of_code(level, code, system)
        found = [p for p in known if p.is_in_force(on)]
        if found or not known:
            return self._one(found, ()) if found else Missing("unknown-place")
        return self._succeeded(level, known[0].code, on, was_known=True)

    def _succeeded(
        self, level: str, code: str, on: date | None, *, was_known: bool
    ) -> Found | Missing | Ambiguous:
        heirs = self._heirs(level, code, on)
        if len(heirs) == 1:
            return _found(heirs[0], f"successor-of-{code}")
        if heirs:
            return Ambiguous("split-place", tuple(self._index.told(heir) for heir in heirs))
        known = was_known or (level, code) in self._successors
        return Missing("abolished-place" if known else "unknown-place")

    def _heirs(self, level: str, code: str, on: date | None) -> list[Place]:
        # Follows a code to the areas in force that took its place; loops are harmless.
        heirs: dict[str, Place] = {}
        seen, waiting = {code}, [code]
        while waiting:
            for target in self._successors.get((level, waiting.pop()), ()):
                if target in seen:
                    continue
                seen.add(target)
                in_force = [p for p in self._index.of_code(level, target) if p.is_in_force(on)]
                if in_force:
                    heirs[target] = in_force[0]
                else:
                    waiting.append(target)
        return list(heirs.values())

    def _before(self, level: str, code: str) -> list[Place]:
        old = [source for (of, source), targets in self._successors.items()
               if of == level and code in targets]  # fmt: skip
        return [place for one in old for place in self._index.of_code(level, one)[-1:]]

    def _compared(
        self,
        answer: Found,
        level: str,
        name: str,
        *,
        within: tuple[str | None, str | None],
        on: date | None,
    ) -> Found | Ambiguous:
        # Another place of that very name beside it contradicts the code.
        place = self._index.areas[answer.id]
        said = entered(level, name)
        spellings = [s for s in (place.name_th, place.name_en, *place.name_alt) if s]
        keys, loose = self._index.spellings(place)
        cut = any(names.is_cut(names.normalise(name), names.normalise(s)) for s in spellings)
        if said in keys or names.loose_key(said) in loose or cut:
            return answer
        parent = self._index.areas.get(place.parent_id or 0)
        where = within if any(within) else (None, parent.code if parent else None)
        if level == "district":
            where = (where[0] or (parent.code if parent else None), None)
        if level == "province":
            where = (None, None)
        province = answer.code[:2] if answer.code.isdigit() else None
        for narrower in (where, (province, None)):
            others, flags = self._of_name(level, name, within=narrower, on=on)
            is_other = len(others) == 1 and not flags and others[0].id != answer.id
            if is_other and not answer.flags:
                told = (self._index.told(place), self._index.told(others[0]))
                return Ambiguous("contradicting-place", told)
        return Found(answer.id, answer.code, answer.name_th, (*answer.flags, "name-differs"))

    def _by_any_name(
        self, level: str, name: str, *, within: tuple[str | None, str | None], on: date | None
    ) -> Found | Missing | Ambiguous:
        found, flags = self._of_name(level, name, within=within, on=on)
        if found:
            return self._one(found, flags)
        inside = (
            p
            for p in self._index.areas.values()
            if p.level == level and p.is_in_force(on) and self._index.lies_in(p, *within)
        )
        return Missing("unknown-place", self._index.nearest(entered(level, name), inside))

    def _of_name(
        self, level: str, name: str, *, within: tuple[str | None, str | None], on: date | None
    ) -> tuple[list[Place], tuple[str, ...]]:
        said = entered(level, name)
        flags: tuple[str, ...] = ()
        known = self._index.of_name(level, said)
        if not known and level == "district" and names_a_seat(said):
            known = [p for p in self._index.seats() if within[0]]
        if not known:
            known = self._index.of_loose_name(level, said)
            flags = ("name-matched",)
        found = [p for p in known if p.is_in_force(on) and self._index.lies_in(p, *within)]
        return found, flags if found else ()

    def _org_by_code(
        self, code: str, system: str | None, on: date | None
    ) -> Found | Missing | Ambiguous:
        said = code.removesuffix(".0")
        if len(said) == _DLA_DIGITS + 1 and said.startswith("0") and said.isdigit():
            said = said[1:]
        known: list[Place] = []
        if system in {None, "dla", "dla7", "dopa"}:
            known += self._index.of_code("org", said)
        for other in [system] if system else self._index.org_systems:
            known += self._index.of_code("org", said, other)
        unique = {place.id: place for place in known if place.is_in_force(on)}
        if unique:
            return self._one(list(unique.values()), ())
        if not known:
            return Missing("unknown-place")
        if on is not None and all(place.first is not None and place.first > on for place in known):
            before = self._before("org", known[0].code)
            return Missing("later-place", tuple(self._index.told(place) for place in before))
        return self._succeeded("org", known[0].code, on, was_known=True)

    def _one(self, found: list[Place], flags: tuple[str, ...]) -> Found | Ambiguous:
        if len(found) == 1:
            return _found(found[0], *flags)
        return Ambiguous("ambiguous-place", tuple(self._index.told(place) for place in found))


def _found(place: Place, *flags: str) -> Found:
    return Found(place.id, place.code, place.name_th, flags)
