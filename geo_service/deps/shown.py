"""What pages are handed; made where questions are answered, drawn where pages are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geo_service.core.accounts.keys import KeyInfo
from geo_service.core.accounts.people import AccountInfo
from geo_service.core.audit import Line, Wanted
from geo_service.core.auth import Principal
from geo_service.core.errors import Fault
from geo_service.core.text import Lang, Text
from geo_service.deps.forms import Said
from geo_service.deps.recorded import Names
from layers.indicators import IndicatorInfo
from layers.scenarios import Summary
from layers.scenarios.offer import Offer


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a page of data, whatever it shows.

    ``here`` is its own address, ``other_language`` that of the same page in the other language,
    ``formats`` are words and addresses of the same data for programs, ``headers`` those of the
    answer.
    """

    lang: Lang
    here: str
    other_language: str
    formats: tuple[tuple[str, str], ...]
    is_sample: bool
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """The page of one's own account, or of signing in.

    ``new_key`` is shown this once; ``fault`` says why ``said`` was refused.
    """

    lang: Lang
    who: Principal
    csrf: str = ""
    openid: bool = False
    return_to: str = ""
    account: AccountInfo | None = None
    names: Names = field(default_factory=Names)
    keys: tuple[KeyInfo, ...] = ()
    new_key: str = ""
    done: str = ""
    fault: Fault | None = None
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Managed:
    """A page for administrators: of all accounts, of one, of all keys, or of the record.

    ``secret`` is a first password that is shown this once; ``older`` the row before which the
    next page begins; ``names`` what places and data sets that are shown are called.
    """

    lang: Lang
    who: Principal
    csrf: str = ""
    accounts: tuple[AccountInfo, ...] = ()
    account: AccountInfo | None = None
    keys: tuple[KeyInfo, ...] = ()
    lines: tuple[Line, ...] = ()
    wanted: Wanted = field(default_factory=Wanted)
    older: int | None = None
    names: Names = field(default_factory=Names)
    secret: str = ""
    done: str = ""
    fault: Fault | None = None
    said: Said | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The list of submissions with the form for a new one, or the page of one.

    ``rows`` are as programs are told them; ``recipes`` (name and title) is empty for who may
    submit nothing; ``indicators`` are those a report may name; ``said`` is what a form that was
    refused with ``fault`` said besides its file.
    """

    lang: Lang
    who: Principal
    csrf: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    recipes: tuple[tuple[str, Text], ...] = ()
    indicators: Mapping[str, IndicatorInfo] = field(default_factory=dict)
    most_mb: int = 0
    fault: Fault | None = None
    said: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drafted:
    """The form for a new scenario, with those one wrote before."""

    lang: Lang
    who: Principal
    offer: Offer
    own: tuple[Summary, ...] = ()
    csrf: str = ""
    done: str = ""
    fault: Fault | None = None
    said: Said | None = None
