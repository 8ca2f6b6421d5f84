"""Every area and organisation by its codes and by its names, as people write them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator

from boundaries import names
from boundaries.places import Place

#: Names told when nothing matches, at most.
_NEAREST = 5
_LIKENESS = 0.6
#: What people call the district of a provincial seat.
_SEAT_NAMES = frozenset({"เมือง", "mueang", "muang"})


class PlaceIndex:
    """Places by code and by name, of every day at once.

    Parameters
    ----------
    areas, orgs : iterable of Place
        Everything known, past versions included.
    codes : iterable of (system, code, id)
        Codes of areas in other systems.
    org_codes : iterable of (system, code, id)
        Codes of organisations in other systems.
    """

    def __init__(
        self,
        areas: Iterable[Place],
        orgs: Iterable[Place] = (),
        *,
        codes: Iterable[tuple[str, str, int]] = (),
        org_codes: Iterable[tuple[str, str, int]] = (),
    ) -> None:
        self.areas = {place.id: place for place in areas}
        self.orgs = {place.id: place for place in orgs}
        self.org_systems: set[str] = set()
        self._by_code: dict[tuple[str, str], list[Place]] = defaultdict(list)
        self._by_name: dict[tuple[str, str], list[Place]] = defaultdict(list)
        self._by_loose: dict[tuple[str, str], list[Place]] = defaultdict(list)
        self._by_system: dict[tuple[str, str, str], list[Place]] = defaultdict(list)
        #: Keys of all spellings of a place, and their loose keys, by level and id.
        self._keys: dict[tuple[str, int], tuple[frozenset[str], frozenset[str]]] = {}
        for place in (*self.areas.values(), *self.orgs.values()):
            self._enter(place)
        for system, code, place_id in codes:
            if (found := self.areas.get(place_id)) is not None:
                self._by_system[found.level, system, code].append(found)
        for system, code, place_id in org_codes:
            if (found := self.orgs.get(place_id)) is not None:
                self._by_system["org", system, code].append(found)
                self.org_systems.add(system)

    def of_code(self, level: str, code: str, system: str | None = None) -> list[Place]:
        """List the places that have or had a code.

        Parameters
        ----------
        level : str
            Level of areas, or ``org``.
        code : str
            As written in its system.
        system : str, optional
            One of ``area_code`` or ``org_code``; its own (DOPA's, of organisations the DLA's)
            when left out.

        Returns
        -------
        list of Place
            Several where a code was given again.
        """
        if system is None:
            return self._by_code.get((level, code), [])
        return self._by_system.get((level, system, code), [])

    def of_name(self, level: str, name: str) -> list[Place]:
        """List the places of a name, whatever the day.

        Parameters
        ----------
        level : str
            Level of areas, or ``org``.
        name : str
            From `entered`.

        Returns
        -------
        list of Place
            Spelt so.
        """
        return self._by_name.get((level, name), [])

    def of_loose_name(self, level: str, name: str) -> list[Place]:
        """List the places whose name is a variant of another.

        Parameters
        ----------
        level : str
            Level of areas, or ``org``.
        name : str
            From `entered`.

        Returns
        -------
        list of Place
            Spelt nearly so.
        """
        return self._by_loose.get((level, names.loose_key(name)), [])

    def seats(self) -> Iterator[Place]:
        """List the districts of the provincial seats, which people call just Mueang.

        Yields
        ------
        Place
            A district.
        """
        for place in self.areas.values():
            if is_seat(place):
                province = self.areas.get(place.parent_id or 0)
                if province is not None and place.name_th.startswith("เมือง"):
                    yield place

    def spellings(self, place: Place) -> tuple[frozenset[str], frozenset[str]]:
        """Tell by which keys a place is entered.

        Parameters
        ----------
        place : Place
            One of these.

        Returns
        -------
        tuple of frozenset of str
            Keys of all its names, and their loose keys.
        """
        return self._keys["org" if place.level == "org" else "area", place.id]

    def is_named(self, place: Place, said: str) -> bool:
        """Tell whether a code or name is a place's own.

        Parameters
        ----------
        place : Place
            One of these.
        said : str
            As people write it.

        Returns
        -------
        bool
            Variants count, and what people call the district of a seat.
        """
        if names.normalise(said) == place.code:
            return True
        name = names.area_key(said, place.level)
        keys, loose = self.spellings(place)
        if name in keys or names.loose_key(name) in loose:
            return True
        return is_seat(place) and names_a_seat(name)

    def lies_in(self, place: Place, province: str | None, district: str | None) -> bool:
        """Tell whether a place lies in others.

        Parameters
        ----------
        place : Place
            One of these.
        province, district : str, optional
            Name or DOPA code.

        Returns
        -------
        bool
            True of what is left out.
        """
        for level, wanted in (("province", province), ("district", district)):
            if not wanted or not wanted.strip():
                continue
            if wanted.isdigit() and place.level != "org":
                # The code of an area begins with the codes of what it lies in.
                if not place.code.startswith(wanted):
                    return False
                continue
            found = next((one for one in self._above(place) if one.level == level), None)
            if found is None or not self.is_named(found, wanted):
                return False
        return True

    def nearest(self, name: str, places: Iterable[Place]) -> tuple[str, ...]:
        """Tell the places whose names are most like one.

        Parameters
        ----------
        name : str
            From `entered`.
        places : iterable of Place
            Among which.

        Returns
        -------
        tuple of str
            From `told`, most alike first; few.
        """
        known: dict[str, Place] = {}
        for place in places:
            for key in sorted(self.spellings(place)[0]):
                known.setdefault(key, place)
        near = difflib.get_close_matches(name, known, n=_NEAREST, cutoff=_LIKENESS)
        return tuple(dict.fromkeys(self.told(known[one]) for one in near))

    def told(self, place: Place) -> str:
        """Write a place so that people tell it from others.

        Parameters
        ----------
        place : Place
            One of these.

        Returns
        -------
        str
            Its Thai name, its code, and what it lies in.
        """
        where = " ".join(parent.name_th for parent in self._above(place) if parent.code != "TH")
        return f"{place.name_th} ({place.code}){' ' + where if where else ''}"

    def _above(self, place: Place) -> Iterator[Place]:
        parent_id = place.parent_id
        while parent_id is not None and (parent := self.areas.get(parent_id)) is not None:
            yield parent
            parent_id = parent.parent_id

    def _enter(self, place: Place) -> None:
        level = place.level
        self._by_code[level, place.code].append(place)
        said = [place.name_th, place.name_en, *place.name_alt]
        keys = frozenset(entered(level, spelling) for spelling in said if spelling)
        loose_keys = frozenset(names.loose_key(key) for key in keys)
        self._keys["org" if level == "org" else "area", place.id] = keys, loose_keys
        for key in keys:
            self._by_name[level, key].append(place)
        for loose in loose_keys:
            self._by_loose[level, loose].append(place)


def entered(level: str, name: str) -> str:
    """Give the key under which a name is entered.

    Parameters
    ----------
    level : str
        Level of areas, or ``org``.
    name : str
        As people write it.

    Returns
    -------
    str
        Without the word for what it is.
    """
    if level == "org":
        return names.key(names.split_org_name(name).bare)
    return names.area_key(name, level)


def is_seat(place: Place) -> bool:
    """Tell whether a place is the district of a provincial seat.

    Parameters
    ----------
    place : Place
        Any.

    Returns
    -------
    bool
        By its code.
    """
    return place.level == "district" and place.code.endswith("01")


def names_a_seat(name: str) -> bool:
    """Tell whether a name is what people call the district of a seat.

    Parameters
    ----------
    name : str
        From `entered`.

    Returns
    -------
    bool
        Mueang alone.
    """
    return name in _SEAT_NAMES
