"""CQL2 JSON: from a document to a tree.

Nesting is counted on the characters before the document is parsed, so that neither the parser
nor the reader can be led deeper than the limit.
"""

from __future__ import annotations

import re
from typing import Any

import orjson
from shapely.geometry.base import BaseGeometry

from geo_service.core.crs import Crs
from geo_service.core.json_text import repeated
from layers.cql2.shapes import box_of, collection_of, shape_of
from layers.cql2.tree import MAX_BRACKETS, Builder, Node, check_size, refuse, too_deep

#: One level of a filter is an object and its list.
_MOST = 2 * MAX_BRACKETS
# To its end or, without one, to that of the text: otherwise each quote in it is tried in turn.
_STRING = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)', re.DOTALL)
_OPENING = {"[": 1, "{": 1, "]": -1, "}": -1}
_ENDS = 2


def read_json(text: str, crs: Crs) -> Node:
    """Read CQL2 JSON.

    Parameters
    ----------
    text : str
        For example ``{"op": "=", "args": [{"property": "code"}, "50"]}``.
    crs : Crs
        System of the shapes in it.

    Returns
    -------
    Node
        Names and types are not yet checked.
    """
    check_size(text)
    _measure(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        refuse("ไม่ใช่ JSON ที่อ่านได้", "it is not JSON")
    twice = repeated(text)
    if twice is not None:
        refuse(f"ให้ '{twice[:40]}' ซ้ำสองครั้ง", f"'{twice[:40]}' is given twice")
    return _Reader(crs).node(document)


def _measure(text: str) -> None:
    depth = 0
    for sign in _STRING.sub("", text):
        depth += _OPENING.get(sign, 0)
        if depth > _MOST:
            too_deep()


class _Reader:
    """Reads one document whose depth was measured."""

    def __init__(self, crs: Crs) -> None:
        self._crs = crs
        self._build = Builder()

    def node(self, said: object) -> Node:
        """Read a part and all within it.

        Returns
        -------
        Node
            Its tree.
        """
        if isinstance(said, str | int | float):
            return self._build.value(said)
        if isinstance(said, list):
            return self._build.group([self.node(part) for part in said])
        if not isinstance(said, dict):
            refuse("มี null ซึ่งไม่มีใน CQL2", "null is not a value of CQL2")
        if "op" in said:
            return self._call(said)
        if "type" in said:
            return self._build.shape(self._shape(said))
        return self._single(said)

    def _call(self, said: dict[str, Any]) -> Node:
        op, args = said["op"], said.get("args", [])
        if not isinstance(op, str) or not isinstance(args, list) or set(said) - {"op", "args"}:
            refuse("op ต้องมีชื่อและ args เป็นรายการ", "an operation has a name and a list of args")
        return self._build.call(op, [self.node(part) for part in args])

    def _single(self, said: dict[str, Any]) -> Node:
        if len(said) != 1:
            refuse("มีวัตถุที่ไม่รู้จัก", "an object is of no known kind")
        ((kind, value),) = said.items()
        match kind:
            case "property" if isinstance(value, str):
                return self._build.name(value)
            case "date":
                return self._build.day(value)
            case "timestamp":
                return self._build.instant(value)
            case "interval" if isinstance(value, list) and len(value) == _ENDS:
                ends = [self._build.end(e) if isinstance(e, str) else self.node(e) for e in value]
                return self._build.call("interval", ends)
            case "bbox" if isinstance(value, list):
                return self._build.shape(box_of(value, self._crs), is_box=True)
        return refuse(f"ไม่รู้จัก '{kind[:40]}'", f"'{kind[:40]}' is not known")

    def _shape(self, said: dict[str, Any]) -> BaseGeometry:
        if said["type"] != "GeometryCollection":
            return shape_of(said["type"], said.get("coordinates"), self._crs)
        members = said.get("geometries")
        if not isinstance(members, list):
            refuse("GeometryCollection ไม่มี geometries", "a GeometryCollection has geometries")
        plain = [one for one in members if isinstance(one, dict)]
        return collection_of(
            [shape_of(one.get("type"), one.get("coordinates"), self._crs) for one in plain]
        )
