"""What the short ways have in common: for whom they are, and what they know."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

from geo_service.core.known import Knowing, Known

_PERSONAL: Final = frozenset({b"authorization", b"cookie"})
_KEY: Final = "knowing"


def has_credentials(scope: Scope) -> bool:
    """Tell whether a request comes from somebody in particular.

    Parameters
    ----------
    scope : mapping
        Of the request.

    Returns
    -------
    bool
        Such requests go the long way, which finds out who it is and what he may see.
    """
    return any(name in _PERSONAL for name, _ in scope["headers"])


def knowing(known: Known) -> Knowing:
    """Give the session that stands for a state of the data.

    Parameters
    ----------
    known : Known
        The state.

    Returns
    -------
    Knowing
        It asks nobody: what is not known is raised.
    """
    found: Knowing | None = known.facts.get(_KEY)
    if found is None:
        found = known.facts[_KEY] = Knowing(known)
    return found
