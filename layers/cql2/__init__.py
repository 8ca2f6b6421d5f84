"""CQL2 filters (OGC 21-065): read as text or JSON, compiled to conditions with bound values.

A property is a key of the collection's own dictionary, a function a key of a short list; no
word of a filter ever becomes SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import column as named

from geo_service.core.crs import CRS84, Crs
from layers.cql2.functions import ARITHMETIC, calculated, called
from layers.cql2.json import read_json
from layers.cql2.text import read_text
from layers.cql2.time import RELATIONS, interval_of, related
from layers.cql2.tree import (
    Bound,
    BoundShape,
    Call,
    Filter,
    Group,
    Literal,
    Name,
    Node,
    Open,
    Shape,
    refuse,
)
from layers.cql2.typed import (
    Expression,
    Type,
    Typed,
    alike,
    as_condition,
    need,
    of_shape,
    of_value,
)
from layers.filters import Kind

LANGUAGES = ("cql2-text", "cql2-json")
#: Names of the shape, where a collection has no property of that name.
SHAPE_NAMES = ("geometry", "geom")
#: Each reads many vertices of every feature near it.
MAX_SPATIAL = 20

_SPATIAL: dict[str, Any] = {
    "s_intersects": func.ST_Intersects, "s_equals": func.ST_Equals,
    "s_disjoint": func.ST_Disjoint, "s_touches": func.ST_Touches, "s_within": func.ST_Within,
    "s_overlaps": func.ST_Overlaps, "s_crosses": func.ST_Crosses,
    "s_contains": func.ST_Contains,
}  # fmt: skip
#: The relations PostGIS knows between collections of shapes.
_OF_COLLECTIONS = frozenset({"s_intersects", "s_disjoint"})
_ARRAYS = frozenset({"a_equals", "a_contains", "a_containedby", "a_overlaps"})
_TYPES: dict[Kind, Type] = {
    "string": "string", "integer": "number", "number": "number", "boolean": "boolean",
    "date": "date", "datetime": "datetime", "list": "list",
}  # fmt: skip
_PAIR = 2
#: Filters kept as they were read, and the longest of these: a map asks the same of every tile.
_MOST_KEPT, _LONGEST_KEPT = 512, 500


def read_filter(text: str, language: str, crs: Crs = CRS84) -> Filter:
    """Read a filter; names and types are checked when it is compiled.

    Parameters
    ----------
    text : str
        As it came.
    language : str
        One of `LANGUAGES`.
    crs : Crs
        System of the shapes in it.

    Returns
    -------
    Filter
        Within the limits of `layers.cql2.tree`.
    """
    read = _read if len(text) <= _LONGEST_KEPT else _read.__wrapped__
    return read(text, language, crs)


@lru_cache(maxsize=_MOST_KEPT)
def _read(text: str, language: str, crs: Crs) -> Filter:
    read = read_json if language == "cql2-json" else read_text
    return Filter(read(text, crs), crs)


def compile_filter(
    asked: Filter, properties: Mapping[str, tuple[Kind, Expression]], geom: Expression
) -> ColumnElement[bool]:
    """Write a filter as a condition.

    Parameters
    ----------
    asked : Filter
        From `read_filter`.
    properties : mapping of str to (str, Expression)
        Type and expression of each property that can be asked for.
    geom : Expression
        The shape, EPSG:4326.

    Returns
    -------
    ColumnElement of bool
        With bound values; unknown where something it needs is missing, as in SQL.
    """
    return as_condition(_Compiler(asked.crs, properties, geom).typed(asked.tree))


@dataclass(slots=True)
class _Compiler:
    """Walks one tree; the tree's depth is limited, so the walk is."""

    crs: Crs
    properties: Mapping[str, tuple[Kind, Expression]]
    geom: Expression
    spatial: int = 0

    def typed(self, node: Node) -> Typed:
        """Compile a node and all below it.

        Returns
        -------
        Typed
            Its expression.
        """
        match node:
            case Literal() | Bound():
                return of_value(node)
            case Name():
                return self._property(node.name)
            case Shape() | BoundShape():
                return of_shape(node, self.crs)
            case Group():
                return self._list(node)
            case Open():
                return refuse("'..' ใช้ได้เฉพาะใน INTERVAL", "'..' stands in an INTERVAL only")
        return self._call(node)

    def _property(self, name: str) -> Typed:
        if name in self.properties:
            kind, sql = self.properties[name]
            return Typed(_TYPES[kind], sql)
        if name in SHAPE_NAMES:
            return Typed("geometry", self.geom)
        shown = name[:60]
        return refuse(f"ไม่มีคุณสมบัติ '{shown}'", f"there is no property '{shown}'")

    def _call(self, call: Call) -> Typed:
        op = call.op
        match op:
            case "and" | "or" | "not":
                return self._logic(call)
            case "=" | "<>" | "<" | "<=" | ">" | ">=":
                return self._compared(call)
            case "like" | "between" | "in" | "isnull":
                return self._tested(call)
            case "interval":
                start, end = (None if isinstance(e, Open) else self.typed(e) for e in call.args)
                return interval_of(start, end)
        return self._applied(op, [self.typed(one) for one in call.args])

    def _applied(self, op: str, args: list[Typed]) -> Typed:
        if op in RELATIONS:
            return related(op, *_two(op, args))
        if op in _SPATIAL:
            return self._spatial(op, *_two(op, args))
        if op in _ARRAYS:
            return _of_arrays(op, *_two(op, args))
        return calculated(op, args) if op in ARITHMETIC else called(op, args)

    def _logic(self, call: Call) -> Typed:
        parts = [as_condition(self.typed(one)) for one in call.args]
        if call.op == "not":
            if len(parts) != 1:
                refuse("NOT รับหนึ่งเงื่อนไข", "NOT takes one condition")
            return Typed("boolean", not_(parts[0].self_group()))
        if len(parts) < _PAIR:
            refuse(f"{call.op} รับอย่างน้อยสองเงื่อนไข", f"{call.op} takes at least two conditions")
        return Typed("boolean", and_(*parts) if call.op == "and" else or_(*parts))

    def _compared(self, call: Call) -> Typed:
        kind, (left, right) = alike(
            _two(call.op, [self.typed(one) for one in call.args]),
        )
        if kind == "string" and call.op not in {"=", "<>"}:
            # By code point, whatever the database's order; equality needs no order.
            left, right = left.collate("C"), right.collate("C")
        return Typed("boolean", _compare(call.op, left, right))

    def _tested(self, call: Call) -> Typed:
        args = call.args
        match call.op:
            case "isnull" if len(args) == 1:
                return self._missing(self.typed(args[0]))
            case "like" if len(args) == _PAIR:
                text, pattern = (need(self.typed(one), "string").sql for one in args)
                return Typed("boolean", text.like(pattern))
            case "between" if len(args) == _PAIR + 1:
                kind, (one, low, high) = alike([self.typed(part) for part in args])
                one = one.collate("C") if kind == "string" else one
                return Typed("boolean", one.between(low, high))
            case "in" if len(args) == _PAIR and isinstance(args[1], Group) and args[1].items:
                _, (one, *rest) = alike([self.typed(part) for part in (args[0], *args[1].items)])
                return Typed("boolean", one.in_(rest))
        return refuse(f"{call.op} ไม่ครบ", f"{call.op} lacks something")

    @staticmethod
    def _missing(one: Typed) -> Typed:
        if one.end is not None:
            return Typed("boolean", or_(one.sql.is_(None), one.end.is_(None)))
        return Typed("boolean", one.sql.is_(None))

    def _spatial(self, op: str, left: Typed, right: Typed) -> Typed:
        self.spatial += 1
        if self.spatial > MAX_SPATIAL:
            refuse(
                f"มีเงื่อนไขเชิงพื้นที่เกิน {MAX_SPATIAL} ข้อ", f"more than {MAX_SPATIAL} spatial conditions"
            )
        pair = (need(left, "geometry"), need(right, "geometry"))
        if any(one.is_collection for one in pair) and op not in _OF_COLLECTIONS:
            refuse(f"{op} ไม่รับ GEOMETRYCOLLECTION", f"{op} takes no GEOMETRYCOLLECTION")
        if op in _OF_COLLECTIONS:
            return Typed("boolean", _SPATIAL[op](left.sql, right.sql))
        # A feature may be a collection, which these relations do not know: it counts by its
        # parts of the highest dimension. The index sees the shapes as they are.
        met = _SPATIAL[op](
            func.ST_CollectionExtract(left.sql), func.ST_CollectionExtract(right.sql)
        )
        return Typed("boolean", and_(left.sql.op("&&")(right.sql), met))

    def _list(self, group: Group) -> Typed:
        items = []
        for one in map(self.typed, group.items):
            if one.type in {"geometry", "interval"}:
                refuse("รายการมีได้เฉพาะค่า", "an array holds values only")
            items.append(one.sql)
        return Typed("list", func.jsonb_build_array(*items, type_=JSONB))


def _two(op: str, args: list[Typed]) -> tuple[Typed, Typed]:
    if len(args) != _PAIR:
        refuse(f"{op} รับสองค่า", f"{op} takes two values")
    return args[0], args[1]


def _compare(op: str, left: Expression, right: Expression) -> Expression:
    match op:
        case "=":
            return left == right
        case "<>":
            return left != right
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
    return left >= right


def _of_arrays(op: str, left: Typed, right: Typed) -> Typed:
    # As sets: neither order nor repetition counts.
    one, other = _array(left), _array(right)
    match op:
        case "a_contains":
            return Typed("boolean", one.contains(other))
        case "a_containedby":
            return Typed("boolean", other.contains(one))
        case "a_equals":
            return Typed("boolean", and_(one.contains(other), other.contains(one)))
    elements = func.jsonb_array_elements(
        case((func.jsonb_typeof(one) == "array", one), else_=literal([], JSONB)), type_=JSONB
    ).table_valued(named("value", JSONB), name="element")
    shared = exists(select(1).select_from(elements).where(other.contains(elements.c.value)))
    return Typed("boolean", and_(one.is_not(None), other.is_not(None), shared))


def _array(one: Typed) -> Any:  # noqa: ANN401  (a JSONB expression)
    if one.type in {"string", "number", "boolean"}:
        # One value in brackets reads like a value.
        return func.jsonb_build_array(one.sql, type_=JSONB)
    return func.to_jsonb(need(one, "list").sql, type_=JSONB)
