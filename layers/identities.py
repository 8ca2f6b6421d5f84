"""Sums that hold between indicators, as everybody knows, and amounts that tell a count."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Identity:
    """A whole and its parts, by keys of indicators; the parts may fall short of the whole."""

    whole: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Follower:
    """An amount withheld where a count of persons is; ``width`` of its unit stand for a person."""

    key: str
    persons: str
    width: float


@cache
def identities() -> tuple[Identity, ...]:
    """List the sums that hold by definition.

    Returns
    -------
    tuple of Identity
        As the catalogue shipped with the code says.
    """
    return tuple(Identity(said["whole"], tuple(said["parts"])) for said in _document()["sum"])


@cache
def followers() -> Mapping[str, Follower]:
    """List the amounts that tell a count of persons.

    Returns
    -------
    mapping of str to Follower
        By key of the amount.
    """
    told = _document()["follows"]
    return {one["key"]: Follower(one["key"], one["persons"], float(one["width"])) for one in told}


def beside(keys: Collection[str], known: Collection[str]) -> set[str]:
    """Find what must be at hand to judge some indicators: the rest of their sums.

    Parameters
    ----------
    keys : collection of str
        Indicators.
    known : collection of str
        All indicators there are.

    Returns
    -------
    set of str
        Members of sums that hold any of them.
    """
    members = [{one.whole, *one.parts} for one in identities()]
    near = [one for one in members if one & set(keys)]
    return set().union(*near) & set(known)


def _document() -> dict[str, list[dict[str, str]]]:
    found = files("layers").joinpath("catalogue/identities.toml").read_text(encoding="utf-8")
    return tomllib.loads(found)
