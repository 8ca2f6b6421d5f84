"""Why a frame stays empty: what browsers do not tell the page around, told in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from geo_service.core.errors import Unauthenticated
from geo_service.deps.embeds import Embeds


@dataclass(frozen=True, slots=True)
class Case:
    """A frame, the page around it, and us; what is empty is not known."""

    address: str
    origin: str
    policy: str
    token: str
    here: str
    ancestors: str


def diagnose(case: Case, embeds: Embeds) -> tuple[str, ...]:
    """Tell what stands in the way of a frame, as browsers would judge it.

    Parameters
    ----------
    case : Case
        What is known.
    embeds : Embeds
        Reads the token; nothing else is asked.

    Returns
    -------
    tuple of str
        Of `CAUSES`; `ALL_WELL` when there is none.
    """
    found = dict.fromkeys([*_about_token(case, embeds), *_about_page(case), *_about_policy(case)])
    return tuple(found) or (ALL_WELL,)


def _about_token(case: Case, embeds: Embeds) -> Iterator[str]:
    if not case.token:
        if case.origin and not _is_listed(case.origin, case.ancestors.split(), case.here):
            yield "not_open"
        return
    try:
        listed = embeds.examine(case.token).grant.origins
    except Unauthenticated as error:
        reason = str(error.extra.get("reason"))
        yield reason if reason in CAUSES else "altered"
        return
    if case.origin and not _is_listed(case.origin, listed, case.here):
        yield "not_listed"


def _about_page(case: Case) -> Iterator[str]:
    scheme = _parts(case.origin).scheme.lower()
    if scheme == "https" and _parts(case.address or case.here).scheme == "http":
        yield "mixed"
    if case.address and not case.address.startswith(f"{case.here}/embed/"):
        yield "elsewhere"


def _about_policy(case: Case) -> Iterator[str]:
    allowed, here = _directives(case.policy), _origin(case.here)
    framing = next((one for one in _FRAMING if one in allowed), None)
    if framing and not _is_listed(here, allowed[framing], case.origin):
        yield "parent_policy"
    if "form-action" in allowed and not _is_listed(here, allowed["form-action"], case.origin):
        yield "parent_forms"


def _directives(policy: str) -> dict[str, list[str]]:
    said = policy.removeprefix("Content-Security-Policy:")
    parts = [part.split() for part in said.split(";") if part.strip()]
    return {part[0].lower(): part[1:] for part in reversed(parts)}


def _origin(address: str) -> str:
    parts = _parts(address)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _parts(address: str) -> SplitResult:
    # What somebody pasted may be no address at all.
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _is_listed(origin: str, sources: list[str] | tuple[str, ...], own: str) -> bool:
    asked = origin.lower().rstrip("/")
    parts = _parts(asked)
    return any(_fits(parts.scheme, parts.netloc, asked, one.lower(), own) for one in sources)


def _fits(scheme: str, host: str, origin: str, source: str, own: str) -> bool:
    if source == "'none'":
        return False
    if source == "'self'":
        return origin == _origin(own)
    if source == "*":
        return scheme in {"http", "https"}
    if source.endswith(":") and "/" not in source:
        return scheme == source[:-1]
    wanted, _, named = source.rpartition("://")
    named = named.rstrip("/")
    if wanted and wanted != scheme:
        return False
    return host.endswith(named[1:]) if named.startswith("*.") else host == named


#: Everything that is known to happen, in the order of how often; words begin with ``why_``.
CAUSES: Final = (
    "not_listed", "expired", "mixed", "parent_policy", "parent_forms", "not_open", "altered",
    "revoked", "cookies", "sandbox", "elsewhere", "off",
)  # fmt: skip
ALL_WELL: Final = "all_well"
#: The first that a page has says which frames it may hold (CSP 3, 6.1).
_FRAMING: Final = ("frame-src", "child-src", "default-src")
