"""Which prepared breakdowns a cube question is about."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import null, select
from sqlalchemy.orm import Session

from geo_service.core.db import fixed_sql
from geo_service.core.known import remembered
from geo_service.core.text import Text
from layers.cql2 import compile_filter
from layers.cql2.tree import Filter
from layers.cql2.typed import Expression
from layers.cube.axes import Pairs
from layers.cube.cells import TOTAL
from layers.cube.parts import Parts
from layers.cube.query import Question
from layers.filters import Kind
from layers.models import SiteType, Slice

#: Members of breakdowns that everybody uses; others show their code.
_COMMON: Mapping[tuple[str, str], Text] = {
    ("sex", "m"): Text("ชาย", "Male"),
    ("sex", "f"): Text("หญิง", "Female"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """Slices chosen, by indicator: the id of each and its member in every dimension."""

    slices: Mapping[str, Sequence[tuple[int, Mapping[str, str]]]]
    is_filtered: bool

    def members(self, dimensions: Sequence[str]) -> list[tuple[str, ...]]:
        """List the combinations of members that any indicator has.

        Returns
        -------
        list of tuple of str
            One empty tuple without dimensions.
        """
        found = {
            tuple(members[name] for name in dimensions)
            for known in self.slices.values()
            for _, members in known
        }
        return sorted(found) if dimensions else [()]

    def of(self, key: str, members: Pairs) -> tuple[int, ...]:
        """Choose the slices behind a cell; without any condition, the total.

        Parameters
        ----------
        key : str
            Indicator.
        members : tuple of (str, str)
            Names of breakdowns and the member fixed in each.

        Returns
        -------
        tuple of int
            None where the indicator is not known by this breakdown.
        """
        if not members and not self.is_filtered:
            return (TOTAL,)
        known = self.slices.get(key, ())
        return tuple(
            number for number, found in known if all(found[name] == one for name, one in members)
        )

    def by_indicator(self, keys: Collection[str]) -> dict[str, tuple[int, ...]]:
        """List all slices that may be needed.

        Returns
        -------
        dict of str to tuple of int
            By indicator, with the total.
        """
        return {key: (TOTAL, *(number for number, _ in self.slices.get(key, ()))) for key in keys}


def choose_slices(session: Session, question: Question, parts: Parts) -> Chosen:
    """Choose the slices that a question names on an axis or in its filter.

    Parameters
    ----------
    session : Session
        Open.
    question : Question
        Its axes count.
    parts : Parts
        Of its filter.

    Returns
    -------
    Chosen
        Of slices known by exactly the dimensions named.
    """
    names = {name for name in (*question.axes, *parts.dimensions) if name in question.slices}
    if not names:
        return Chosen({}, is_filtered=False)
    known: dict[str, tuple[Kind, Expression]] = {
        name: ("string", Slice.breakdown[name].astext) for name in names
    }
    conditions = [compile_filter(Filter(node), known, null()) for node in parts.slices]
    statement = (
        select(Slice.indicator_key, Slice.id, Slice.breakdown)
        .where(Slice.indicator_key.in_(question.indicators), *conditions)
        .order_by(Slice.id)
    )
    found: dict[str, list[tuple[int, Mapping[str, str]]]] = {}
    for key, number, breakdown in session.execute(statement):
        if set(breakdown) == names:
            found.setdefault(key, []).append((number, breakdown))
    return Chosen(found, is_filtered=bool(parts.slices))


def periods_of(session: Session, chosen: Chosen, level: str) -> Mapping[str, frozenset[str]]:
    """Tell in which periods the slices chosen have values at a level.

    Parameters
    ----------
    session : Session
        Open.
    chosen : Chosen
        From `choose_slices`.
    level : str
        Of the places.

    Returns
    -------
    mapping of str to frozenset of str
        Keys of periods by indicator; remembered with the state of the data.
    """
    numbers = tuple(sorted(one for known in chosen.slices.values() for one, _ in known))
    if not numbers:
        return {}

    def find() -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        bound = {"slices": list(numbers), "level": level}
        for key, period in session.execute(fixed_sql("layers", "cube_slices"), bound):
            found.setdefault(key, set()).add(period)
        return {key: frozenset(told) for key, told in found.items()}

    return remembered(session, ("cube_slices", level, numbers), find)


def slice_names(session: Session) -> dict[tuple[str, str], Text]:
    """Name the members of breakdowns that the catalogue knows.

    Parameters
    ----------
    session : Session
        Open.

    Returns
    -------
    dict of (str, str) to Text
        By dimension and member; remembered with the state of the data.
    """

    def find() -> dict[tuple[str, str], Text]:
        rows = session.execute(select(SiteType.code, SiteType.name_th, SiteType.name_en))
        known = {("site_type", row.code): Text(row.name_th, row.name_en) for row in rows}
        return {**_COMMON, **known}

    return remembered(session, "slice_names", find)


def members_of(session: Session, key: str | None = None) -> dict[str, dict[str, Text]]:
    """Name the members of every breakdown.

    Parameters
    ----------
    session : Session
        Open.
    key : str, optional
        Only of this indicator.

    Returns
    -------
    dict of str to dict of str to Text
        By dimension and member; remembered with the state of the data.
    """

    def find() -> list[tuple[str, dict[str, str]]]:
        return [
            (row.indicator_key, row.breakdown)
            for row in session.execute(select(Slice.indicator_key, Slice.breakdown))
        ]

    names = slice_names(session)
    found: dict[str, dict[str, Text]] = {}
    for indicator, breakdown in remembered(session, "slices", find):
        if key in {None, indicator}:
            for name, member in breakdown.items():
                text = names.get((name, member), Text(member, member))
                found.setdefault(name, {})[member] = text
    return {name: dict(sorted(members.items())) for name, members in sorted(found.items())}
