"""Units of measure in the code that programs read: UCUM."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Words of the catalogue that UCUM has a sign for; all others are things that are counted.
_SIGNS: Final = {
    "%": "%", "percent": "%", "index": "1", "ratio": "1",
    "kg": "kg", "g": "g", "t": "t", "tonne": "t", "tonnes": "t", "t CO2e": "t{CO2e}",
    "m": "m", "km": "km", "m2": "m2", "km2": "km2", "m3": "m3", "litre": "L", "litres": "L",
    "minute": "min", "minutes": "min", "hour": "h", "hours": "h", "day": "d", "days": "d",
    "month": "mo", "months": "mo", "year": "a", "years": "a",
    "person": "{person}", "persons": "{person}",
}  # fmt: skip
_PER: Final = re.compile(r"\s*/\s*|\s+per\s+")
#: An annotation takes what is printed in ASCII, without braces.
_NO_ANNOTATION: Final = re.compile(r"[^!-z|~ ]")


def code_of(unit: str) -> str | None:
    """Write a unit as UCUM has it; what UCUM has no sign for stands in an annotation.

    Parameters
    ----------
    unit : str
        In English: ``kg per person per day``.

    Returns
    -------
    str or None
        ``kg/{person}/d``; ``None`` when nothing of it can be written in ASCII.

    References
    ----------
    Schadow, G., McDonald, C. J. (2017), The Unified Code for Units of Measure, 2.1, 6.

    Examples
    --------
    >>> code_of("tonnes per day"), code_of("persons per km²"), code_of("per 1,000 screened")
    ('t/d', '{person}/km2', '{per 1,000 screened}')
    """
    plain = unicodedata.normalize("NFKC", unit).strip()
    above, *below = _PER.split(plain)
    # A number below the line ("per 100 children") would be a factor: the whole is annotated.
    parts = [plain] if any(part[:1].isdigit() for part in below) else [above, *below]
    codes = [_sign(part) for part in parts]
    return None if None in codes else "/".join(str(code) for code in codes)


def _sign(word: str) -> str | None:
    annotation = _NO_ANNOTATION.sub("", word).strip()
    return _SIGNS.get(word) or (f"{{{annotation}}}" if annotation else None)
