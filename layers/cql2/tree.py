"""The tree of a CQL2 filter, the same for text and JSON, and what keeps it small.

Whoever reads a filter builds its tree through a `Builder`, which counts nodes and depth while
the tree grows: nothing further on can be asked to walk more than `MAX_DEPTH` levels.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal as OneOf
from typing import NoReturn

from shapely.geometry.base import BaseGeometry

from geo_service.core.crs import CRS84, Crs
from geo_service.core.errors import BadParameter
from geo_service.core.text import Text

#: A filter fits in an address; these are far above what people and clients write.
MAX_CHARACTERS = 12_000
MAX_NODES = 500
#: Levels of a tree, and of brackets before it is one: AND within AND is one level.
MAX_DEPTH = 20
MAX_BRACKETS = 64

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_LARGEST = 2**63 - 1

Value = str | int | float | bool | date | datetime
ValueKind = OneOf["string", "integer", "number", "boolean", "date", "datetime"]


@dataclass(frozen=True, slots=True)
class Name:
    """A property, or the shape."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal:
    """One value; a time carries its zone."""

    value: Value


@dataclass(frozen=True, slots=True)
class Open:
    """The open end of an interval, ``..``."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape of the filter, x before y, in the reference system of the filter."""

    geometry: BaseGeometry
    is_box: bool = False

    @property
    def is_collection(self) -> bool:
        """Whether some relations cannot be asked of it."""
        return self.geometry.geom_type == "GeometryCollection"


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that is given when the statement runs, by name; its kind is known before."""

    name: str
    kind: ValueKind


@dataclass(frozen=True, slots=True)
class BoundShape:
    """A shape that is given as WKB when the statement runs; a box gives its step, too."""

    name: str
    step: str | None = None
    is_collection: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Several nodes in brackets: an array, or what ``IN`` chooses from."""

    items: tuple[Node, ...]
    depth: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function, by its name in lower case, and what it works on."""

    op: str
    args: tuple[Node, ...]
    depth: int = field(default=1, compare=False)


Node = Name | Literal | Open | Shape | Group | Call | Bound | BoundShape


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as it was read, and the system its shapes are in."""

    tree: Node
    crs: Crs = CRS84


def kind_of(value: Value) -> ValueKind:
    """Tell the kind of a value.

    Parameters
    ----------
    value : str, int, float, bool, date or datetime
        Of a literal.

    Returns
    -------
    str
        Whole numbers are ``integer``, others ``number``.
    """
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case datetime():
            return "datetime"
        case date():
            return "date"
    return "string"


def refuse(th: str, en: str) -> NoReturn:
    """Refuse a filter.

    Parameters
    ----------
    th, en : str
        What is wrong with it.

    Raises
    ------
    BadParameter
        Always.
    """
    raise BadParameter(Text(th=f"filter: {th}", en=f"filter: {en}"), parameter="filter")


def check_size(text: str) -> None:
    """Refuse a filter that is too long, before anything is read of it.

    Parameters
    ----------
    text : str
        As it came.
    """
    if len(text) > MAX_CHARACTERS:
        refuse(f"ยาวเกิน {MAX_CHARACTERS} อักขระ", f"longer than {MAX_CHARACTERS} characters")
    if not text.strip():
        refuse("ว่างเปล่า", "it is empty")


def too_deep() -> NoReturn:
    """Refuse a filter that is nested too deeply."""
    refuse("ซ้อนกันหลายชั้นเกินไป", "it is nested too deeply")


class Builder:
    """Makes the nodes of one filter and counts them."""

    def __init__(self) -> None:
        self._nodes = 0

    def call(self, op: str, args: Sequence[Node]) -> Call:
        """Make an operator or a function.

        Parameters
        ----------
        op : str
            Its name; case does not count.
        args : sequence of Node
            What it works on.

        Returns
        -------
        Call
            One level deeper than its deepest argument.
        """
        self._count()
        op = op.lower()
        if op in {"and", "or"}:
            args = [part for one in args for part in _parts(op, one)]
        return Call(op, tuple(args), _deeper(args))

    def group(self, items: Sequence[Node]) -> Group:
        """Make an array.

        Parameters
        ----------
        items : sequence of Node
            Its elements.

        Returns
        -------
        Group
            One level deeper than its deepest element.
        """
        self._count()
        return Group(tuple(items), _deeper(items))

    def name(self, name: str) -> Name:
        """Make a property.

        Parameters
        ----------
        name : str
            As it was written; whether it exists is asked later.

        Returns
        -------
        Name
            Of any length.
        """
        self._count()
        return Name(name)

    def value(self, value: str | float) -> Literal:
        """Make a text, a number or a truth value.

        Parameters
        ----------
        value : str, int, float or bool
            As it was written; a number in the unit of what it is compared with.

        Returns
        -------
        Literal
            Finite, storable.
        """
        self._count()
        if isinstance(value, str) and "\x00" in value:
            refuse("ข้อความมีอักขระที่ใช้ไม่ได้", "a text holds a character no text of ours has")
        if isinstance(value, float) and not math.isfinite(value):
            refuse("มีจำนวนที่ใหญ่เกินไป", "a number is too large")
        if isinstance(value, int) and abs(value) > _LARGEST:
            return Literal(self.number(str(value)))
        return Literal(value)

    @staticmethod
    def number(text: str) -> int | float:
        """Read a number.

        Parameters
        ----------
        text : str
            Digits, perhaps with a point and an exponent.

        Returns
        -------
        int or float
            A whole number where it was written as one and fits 64 bits; no unit of its own.
        """
        if text.removeprefix("-").isdecimal() and len(text) < len(str(_LARGEST)):
            return int(text)
        found = float(text)
        if not math.isfinite(found):
            refuse("มีจำนวนที่ใหญ่เกินไป", "a number is too large")
        return found

    def day(self, text: object) -> Literal:
        """Read a date.

        Parameters
        ----------
        text : object
            ``2024-06-30``; anything else is refused.

        Returns
        -------
        Literal
            Holds a date.
        """
        self._count()
        if not isinstance(text, str) or not _DATE.fullmatch(text):
            refuse("DATE ต้องเป็น ปปปป-ดด-วว (ค.ศ.)", "a DATE is YYYY-MM-DD")
        try:
            return Literal(date.fromisoformat(text))
        except ValueError:
            refuse(f"ไม่มีวันที่ {text}", f"there is no day {text}")

    def instant(self, text: object) -> Literal:
        """Read an instant.

        Parameters
        ----------
        text : object
            ``2024-06-30T12:00:00Z``; anything else is refused.

        Returns
        -------
        Literal
            Holds a time in UTC.
        """
        self._count()
        if not isinstance(text, str) or not _TIME.fullmatch(text):
            refuse(
                "TIMESTAMP ต้องเป็นเวลา UTC เช่น 2024-06-30T12:00:00Z",
                "a TIMESTAMP is a time in UTC such as 2024-06-30T12:00:00Z",
            )
        try:
            return Literal(datetime.fromisoformat(text))
        except ValueError:
            refuse(f"ไม่มีเวลา {text}", f"there is no instant {text}")

    def end(self, text: str) -> Node:
        """Read one end of an interval.

        Parameters
        ----------
        text : str
            A date, an instant or ``..``.

        Returns
        -------
        Node
            A literal, or `Open`.
        """
        if text == "..":
            self._count()
            return Open()
        return self.instant(text) if "T" in text else self.day(text)

    def shape(self, geometry: BaseGeometry, *, is_box: bool = False) -> Shape:
        """Make a shape.

        Parameters
        ----------
        geometry : BaseGeometry
            From `layers.cql2.shapes`, in the CRS of the filter.
        is_box : bool
            Whether it was written as a box.

        Returns
        -------
        Shape
            As given.
        """
        self._count()
        return Shape(geometry, is_box)

    def _count(self) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            refuse(f"มีส่วนประกอบเกิน {MAX_NODES} ส่วน", f"more than {MAX_NODES} parts")


def _parts(op: str, node: Node) -> tuple[Node, ...]:
    return node.args if isinstance(node, Call) and node.op == op else (node,)


def _deeper(nodes: Sequence[Node]) -> int:
    depths = [node.depth for node in nodes if isinstance(node, Call | Group)]
    deepest = max(depths, default=0)
    if deepest >= MAX_DEPTH:
        too_deep()
    return deepest + 1
