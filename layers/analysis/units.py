"""Units of measure as far as formulas need them: what is counted, and how large one is.

A unit is read from its English words, as the catalogue writes them: ``kg per person per day``.
Words it does not know are things of their own kind, so that sites are never added to persons.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Units made up for one indicator: whatever is put together may be called so.
_INDEXES = ({"index": 1}, {"score": 1}, {"point": 1})
#: Word: what it measures, and how much of that in basic units (kg, m, day, person, baht).
_KNOWN: Mapping[str, tuple[Mapping[str, int], float]] = {
    "": ({}, 1.0), "%": ({}, 0.01), "percent": ({}, 0.01), "ratio": ({}, 1.0),
    "class": ({}, 1.0),
    "person": ({"person": 1}, 1.0), "people": ({"person": 1}, 1.0),
    "child": ({"person": 1}, 1.0), "children": ({"person": 1}, 1.0),
    "carer": ({"person": 1}, 1.0), "aged": ({"person": 1}, 1.0),
    "screened": ({"person": 1}, 1.0), "t co₂e": ({"co2e": 1}, 1.0),
    "kg": ({"mass": 1}, 1.0), "g": ({"mass": 1}, 0.001), "tonne": ({"mass": 1}, 1000.0),
    "t": ({"mass": 1}, 1000.0),
    "day": ({"time": 1}, 1.0), "year": ({"time": 1}, 365.25), "month": ({"time": 1}, 30.4375),
    "hour": ({"time": 1}, 1 / 24), "minute": ({"time": 1}, 1 / 1440),
    "m": ({"length": 1}, 1.0), "metre": ({"length": 1}, 1.0), "km": ({"length": 1}, 1000.0),
    "m2": ({"length": 2}, 1.0), "km2": ({"length": 2}, 1e6), "rai": ({"length": 2}, 1600.0),
    "hectare": ({"length": 2}, 1e4), "m3": ({"length": 3}, 1.0), "litre": ({"length": 3}, 0.001),
    "baht": ({"baht": 1}, 1.0), "house": ({"house": 1}, 1.0), "household": ({"house": 1}, 1.0),
}  # fmt: skip
_NUMBER = re.compile(r"[\d,]+(?:\.\d+)?")
_POWERS = str.maketrans("²³", "23")


@dataclass(frozen=True, slots=True)
class Unit:
    """What is measured (powers of basic things) and how much of it one unit is."""

    dimension: Mapping[str, int] = field(default_factory=dict)
    scale: float = 1.0

    @property
    def is_bare(self) -> bool:
        """Whether it is a plain number, such as a share.

        References
        ----------
        Bureau International des Poids et Mesures (2019), The International System of Units,
        9th ed., 2.3.3.
        """
        return not self.dimension

    @property
    def is_index(self) -> bool:
        """Whether it is a unit of a made-up scale, which nothing is converted to.

        References
        ----------
        OECD and JRC (2008), Handbook on Constructing Composite Indicators, 1.5.
        """
        return self.dimension in _INDEXES

    def __mul__(self, other: Unit) -> Unit:
        return _combined(self, other, 1)

    def __truediv__(self, other: Unit) -> Unit:
        return _combined(self, other, -1)

    def __str__(self) -> str:
        words = [
            name if power == 1 else f"{name}^{power}"
            for name, power in sorted(self.dimension.items())
        ]
        scale = "" if self.scale == 1 else f"{self.scale:g} "
        return scale + (" ".join(words) or "1")


ONE = Unit()


def parse_unit(text: str) -> Unit:
    """Read a unit from its English words.

    Parameters
    ----------
    text : str
        For example ``tonnes per day``, ``%``, ``persons per km²`` or ``per 1,000 persons``.

    Returns
    -------
    Unit
        Unknown words measure a thing of their own.

    References
    ----------
    Bureau International des Poids et Mesures (2019), The International System of Units,
    9th ed., 5.4.
    """
    above, *below = (
        re.split(r"(?:^|\s)per\s|/", text.casefold().translate(_POWERS).strip())
        if text.strip()
        else [""]
    )
    if below and not above.strip():
        # "per 1,000 screened": what is counted is of the same kind.
        return Unit({}, 1 / _thing(below[0]).scale)
    found = _thing(above)
    for part in below:
        found /= _thing(part)
    return found


def _thing(words: str) -> Unit:
    number = _NUMBER.match(words.strip())
    name = words.strip()[number.end() if number else 0 :].strip()
    scale = float(number[0].replace(",", "")) if number else 1.0
    # "persons aged 60+" and "dependent persons" are persons.
    for known in (name, *name.split()):
        for word in (known, known.removesuffix("s")):
            if word in _KNOWN:
                dimension, size = _KNOWN[word]
                return Unit(dimension, size * scale)
    return Unit({name.removesuffix("s"): 1}, scale)


def _combined(left: Unit, right: Unit, sign: int) -> Unit:
    powers = {
        name: left.dimension.get(name, 0) + sign * right.dimension.get(name, 0)
        for name in (*left.dimension, *right.dimension)
    }
    scale = left.scale * right.scale if sign > 0 else left.scale / right.scale
    return Unit({name: power for name, power in powers.items() if power}, scale)
