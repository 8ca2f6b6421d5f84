"""Codes of places that a request names."""

from __future__ import annotations

from typing import Final

from geo_service.core.errors import BadParameter
from geo_service.core.text import Text

#: Places one answer may name.
MOST_PLACES: Final = 100


def codes_of(place: str | None) -> tuple[str, ...]:
    """Read the codes of places from an address.

    Parameters
    ----------
    place : str, optional
        Separated by commas.

    Returns
    -------
    tuple of str
        None twice.

    Raises
    ------
    BadParameter
        If there are none, or too many.
    """
    codes = tuple(dict.fromkeys(code.strip() for code in (place or "").split(",")))
    named = tuple(code for code in codes if code)
    if (place is not None and not named) or len(named) > MOST_PLACES:
        raise BadParameter(
            Text(
                th=f"place คือรหัสพื้นที่ 1-{MOST_PLACES} รหัส คั่นด้วยจุลภาค",
                en=f"place is 1-{MOST_PLACES} codes of places, separated by commas",
            ),
            parameter="place",
        )
    return named
