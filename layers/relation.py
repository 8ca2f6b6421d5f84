"""What a relation is: rows to select from, and the expression behind each property."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, Subquery, and_, false, inspect, true
from sqlalchemy.orm import join, outerjoin
from sqlalchemy.sql import coercions, roles, visitors

from layers.prepared import PlaceText

Expression = SQLColumnExpression[Any]
#: What a relation joins to its rows, and on which condition.
Joined = tuple[Any, ColumnElement[bool]]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """Texts kept of each place, and the condition under which a row of them is still good.

    ``names`` are the properties that ``properties`` holds, in its order; ``has_geometry`` says
    whether the geometry kept is the one the relation shows.
    """

    table: type[PlaceText]
    is_good: ColumnElement[bool]
    names: tuple[str, ...] = ()
    has_geometry: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """Rows, the unique public id, the shape (EPSG:4326) and the expression of each property.

    Describing rows costs as much as reading some, so relations are kept and told apart by
    being the same object.

    ``base`` has one row for each feature, told apart by ``keys``; each of ``joined`` adds at
    most one row to it. ``place_id`` is the row's own id in its table.
    """

    base: Any
    id: Expression
    place_id: Expression
    geom: Expression
    columns: Mapping[str, Expression]
    conditions: tuple[ColumnElement[bool], ...] = ()
    polygon: Expression | None = None
    joined: tuple[Joined, ...] = ()
    period: Expression | None = None
    prepared: Prepared | None = None

    @property
    def source(self) -> Any:  # noqa: ANN401  (rows of any tables)
        """All rows, with what is joined to them; the database drops the joins nobody reads."""
        return self._beside(self.base)

    @property
    def keys(self) -> tuple[Expression, ...]:
        """What tells one row from another."""
        return (self.place_id,) if self.period is None else (self.place_id, self.period)

    def within(self, page: Subquery) -> Any:  # noqa: ANN401  (rows of any tables)
        """Give the rows of a page alone.

        Parameters
        ----------
        page : Subquery
            Its first columns are ``keys``.

        Returns
        -------
        Any
            To select from: the page, and beside it everything of `source`.
        """
        same = (key == own for key, own in zip(self.keys, page.c, strict=False))
        return self._beside(join(page, self.base, and_(*same)))

    def source_for(self, read: Iterable[Expression]) -> Any:  # noqa: ANN401  (rows of any tables)
        """Give all rows with what is read of them: planning a join costs, also one that is dropped.

        Parameters
        ----------
        read : iterable of Expression
            Everything that is selected, compared or put in order.

        Returns
        -------
        Any
            To select from: `source` without the joins that nothing here needs.
        """
        needed = {table for one in read for table in _tables_of(one)}
        kept: list[Joined] = []
        for table, on in reversed(self.joined):
            if inspect(table).selectable in needed:
                kept.insert(0, (table, on))
                needed |= _tables_of(on)
        return replace(self, joined=tuple(kept)).source

    def at_times(
        self,
        times: Any,  # noqa: ANN401  (rows of periods)
        columns: Mapping[str, Expression],
        joined: Iterable[Joined],
        *,
        is_any: bool,
    ) -> Relation:
        """Give one row for each feature and each of several periods.

        Parameters
        ----------
        times : Any
            Rows of periods, with ``period``, ``period_start`` and ``period_end``.
        columns : mapping of str to Expression
            Further properties, of a feature at a period.
        joined : iterable of Joined
            What is joined for them.
        is_any : bool
            Whether there is any period; otherwise there is no row.

        Returns
        -------
        Relation
            Told apart by feature and period.
        """
        own = {name: times.c[name] for name in ("period", "period_start", "period_end")}
        return replace(
            self,
            base=join(self.base, times, true()),
            id=self.id.concat(".").concat(times.c.period),
            columns={**self.columns, **own, **columns},
            conditions=(*self.conditions, *(() if is_any else (false(),))),
            joined=(*self.joined, *joined),
            period=times.c.period,
        )

    def _beside(self, rows: Any) -> Any:  # noqa: ANN401  (rows of any tables)
        for table, on in self.joined:
            rows = outerjoin(rows, table, on)
        return rows

    @property
    def shape(self) -> Expression:
        """The shape that maps fill: the polygon, where features are points (EPSG:4326)."""
        return self.geom if self.polygon is None else self.polygon


def _tables_of(expression: Any) -> set[Any]:  # noqa: ANN401  (an element, or what becomes one)
    element = coercions.expect(roles.ExpressionElementRole, expression)
    found = (getattr(part, "table", None) for part in visitors.iterate(element))
    return {table for table in found if table is not None}
