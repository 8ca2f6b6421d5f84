"""CQL2 text: from a line of words to a tree.

Words are found by one regular expression; nesting is measured on them before any reading
begins, and the reader (operators by how tightly they bind) goes no deeper than that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from shapely.geometry.base import BaseGeometry

from geo_service.core.crs import Crs
from layers.cql2.shapes import BRACKETS, box_of, collection_of, shape_of
from layers.cql2.tree import (
    MAX_BRACKETS,
    Builder,
    Call,
    Literal,
    Node,
    check_size,
    refuse,
    too_deep,
)

_START = (
    ":_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1ffe\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_WORDS = re.compile(
    rf"""(?P<space>\s+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'(?:''|\\'|[^'])*+')
    |(?P<quoted>"[^"]+")
    |(?P<word>[{_START}][{_START}.0-9\u0300-\u036f\u203f-\u2040]*)
    |(?P<sign><>|<=|>=|[-+*/%^=<>(),])""",
    re.VERBOSE,
)
#: How tightly an operator between two operands binds; ``NOT`` stands between AND and these.
_BINDS = {
    "or": 1, "and": 2,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "like", "between", "in", "is", "not"), 4),
    "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "div": 6, "^": 7,
}  # fmt: skip
_NEGATION, _OPERAND, _FACTOR = 3, 5, 8
_SHAPES = {kind.lower(): kind for kind in BRACKETS}
_OPENING = {"(": 1, ")": -1}


@dataclass(frozen=True, slots=True)
class _Word:
    kind: str
    text: str

    @property
    def sign(self) -> str:
        """What it is as an operator or keyword; empty for values and quoted names."""
        return self.text.lower() if self.kind in {"sign", "word"} else ""


_END = _Word("end", "")


def read_text(text: str, crs: Crs) -> Node:
    """Read CQL2 text.

    Parameters
    ----------
    text : str
        For example ``name LIKE 'B%' AND S_INTERSECTS(geometry, BBOX(99, 12, 101, 14))``.
    crs : Crs
        System of the shapes in it.

    Returns
    -------
    Node
        Names and types are not yet checked.
    """
    check_size(text)
    words = _split(text)
    _measure(words)
    return _Reader(words, crs).whole()


def _split(text: str) -> list[_Word]:
    words, place = [], 0
    while place < len(text):
        found = _WORDS.match(text, place)
        if found is None:
            near = text[place : place + 20]
            refuse(f"อ่านไม่ได้ที่ '{near}'", f"cannot be read at '{near}'")
        if found.lastgroup != "space":
            words.append(_Word(str(found.lastgroup), found.group()))
        place = found.end()
    return words


def _measure(words: list[_Word]) -> None:
    depth = repeated = 0
    for word in words:
        depth += _OPENING.get(word.text, 0) if word.kind == "sign" else 0
        # NOT NOT NOT and - - - nest without brackets.
        repeated = repeated + 1 if word.sign in {"not", "-", "+"} else 0
        if max(depth, repeated) > MAX_BRACKETS:
            too_deep()


class _Reader:
    """Reads words from left to right; `_at` is the next one."""

    def __init__(self, words: list[_Word], crs: Crs) -> None:
        self._words, self._crs = words, crs
        self._at = 0
        self._depth = 0
        self._build = Builder()

    def whole(self) -> Node:
        """Read to the end.

        Returns
        -------
        Node
            The tree.
        """
        found = self._expression(0)
        if self._next is not _END:
            self._wrong()
        return found

    @property
    def _next(self) -> _Word:
        return self._words[self._at] if self._at < len(self._words) else _END

    def _after(self) -> _Word:
        return self._words[self._at + 1] if self._at + 1 < len(self._words) else _END

    def _take(self, sign: str) -> bool:
        if self._next.sign != sign:
            return False
        self._at += 1
        return True

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            self._wrong(sign)

    def _wrong(self, wanted: str = "") -> NoReturn:
        near = " ".join(word.text for word in self._words[self._at : self._at + 4]) or "..."
        hint = f" ({wanted.upper()} ?)" if wanted else ""
        refuse(f"อ่านไม่ได้ที่ '{near[:60]}'{hint}", f"cannot be read at '{near[:60]}'{hint}")

    def _expression(self, least: int) -> Node:
        self._depth += 1
        if self._depth > 2 * MAX_BRACKETS:
            too_deep()
        left = self._first()
        while (binds := _BINDS.get(self._next.sign, -1)) >= least and binds > 0:
            left = self._joined(left, self._next.sign, binds)
        self._depth -= 1
        return left

    def _joined(self, left: Node, sign: str, binds: int) -> Node:
        self._at += 1
        if sign in {"and", "or"}:
            parts = [left, self._expression(binds + 1)]
            while self._take(sign):
                parts.append(self._expression(binds + 1))
            return self._build.call(sign, parts)
        if sign == "not":
            sign = self._next.sign
            if sign not in {"like", "between", "in"}:
                self._wrong()
            self._at += 1
            return self._build.call("not", [self._test(left, sign)])
        if sign in {"like", "between", "in", "is"}:
            return self._test(left, sign)
        return self._build.call(sign, [left, self._expression(binds + 1)])

    def _test(self, left: Node, sign: str) -> Node:
        build = self._build
        if sign == "like":
            return build.call("like", [left, self._expression(_OPERAND)])
        if sign == "between":
            low = self._expression(_OPERAND)
            self._need("and")
            return build.call("between", [left, low, self._expression(_OPERAND)])
        if sign == "in":
            self._need("(")
            return build.call("in", [left, build.group(self._several())])
        is_not = self._take("not")
        self._need("null")
        found = build.call("isnull", [left])
        return build.call("not", [found]) if is_not else found

    def _first(self) -> Node:
        word = self._next
        self._at += 1
        match word.kind:
            case "number":
                return self._build.value(self._build.number(word.text))
            case "text":
                return self._build.value(_unquoted(word))
            case "quoted":
                return self._build.name(word.text[1:-1])
            case "word":
                return self._named(word)
            case "sign":
                return self._signed(word)
        self._at -= 1
        return refuse("ไม่จบ", "it ends too early")

    def _signed(self, word: _Word) -> Node:
        if word.text == "(":
            return self._bracketed()
        if word.text not in {"-", "+"}:
            self._at -= 1
            self._wrong()
        found = self._expression(_FACTOR)
        if word.text == "+":
            return found
        if isinstance(found, Literal) and type(found.value) in {int, float}:
            return Literal(-found.value)  # type: ignore[operator]
        return self._build.call("*", [self._build.value(-1), found])

    def _bracketed(self) -> Node:
        if self._take(")"):
            return self._build.group(())
        items = self._several()
        return items[0] if len(items) == 1 else self._build.group(items)

    def _several(self) -> list[Node]:
        items = [self._expression(0)]
        while self._take(","):
            items.append(self._expression(0))
        self._need(")")
        return items

    def _named(self, word: _Word) -> Node:
        name = word.sign
        if name == "not":
            return self._build.call("not", [self._expression(_NEGATION)])
        if name in {"true", "false"}:
            return self._build.value(name == "true")
        if name in _SHAPES or name == "geometrycollection":
            if self._next.text == "(" or (self._next.sign == "z" and self._after().text == "("):
                return self._build.shape(self._shape(name))
        elif name in _BINDS or name == "null":
            self._at -= 1
            self._wrong()
        return self._function(name) if self._take("(") else self._build.name(word.text)

    def _function(self, name: str) -> Node:
        build = self._build
        match name:
            case "bbox":
                return build.shape(box_of(self._numbers(), self._crs), is_box=True)
            case "date":
                return build.day(self._only_text())
            case "timestamp":
                return build.instant(self._only_text())
            case "interval":
                return self._interval()
        return build.call(name, [] if self._take(")") else self._several())

    def _interval(self) -> Call:
        ends: list[Node] = []
        for sign in (",", ")"):
            if self._next.kind == "text":
                ends.append(self._build.end(_unquoted(self._next)))
                self._at += 1
            else:
                ends.append(self._expression(_FACTOR))
            self._need(sign)
        return self._build.call("interval", ends)

    def _only_text(self) -> str:
        word = self._next
        if word.kind != "text":
            self._wrong()
        self._at += 1
        self._need(")")
        return _unquoted(word)

    def _numbers(self) -> list[object]:
        found: list[object] = [self._number()]
        while self._take(","):
            found.append(self._number())
        self._need(")")
        return found

    def _number(self) -> int | float:
        factor = -1 if self._take("-") else 1
        if factor == 1:
            self._take("+")
        word = self._next
        if word.kind != "number":
            self._wrong()
        self._at += 1
        return factor * self._build.number(word.text)

    def _shape(self, name: str) -> BaseGeometry:
        self._take("z")
        if name != "geometrycollection":
            kind = _SHAPES[name]
            return shape_of(kind, self._coordinates(kind), self._crs)
        self._need("(")
        members = []
        while True:
            member = self._next.sign
            if member not in _SHAPES:
                self._wrong()
            self._at += 1
            members.append(self._shape(member))
            if not self._take(","):
                break
        self._need(")")
        return collection_of(members)

    def _coordinates(self, kind: str) -> object:
        if kind == "Point":
            self._need("(")
            found = self._position()
            self._need(")")
            return found
        return self._ring(BRACKETS[kind])

    def _ring(self, brackets: int) -> list[object]:
        # Never deeper than a MultiPolygon.
        self._need("(")
        found: list[object] = []
        while True:
            found.append(self._ring(brackets - 1) if brackets > 1 else self._place())
            if not self._take(","):
                break
        self._need(")")
        return found

    def _place(self) -> object:
        # MULTIPOINT((1 2), (3 4)), or without the inner brackets.
        is_bracketed = self._take("(")
        found = self._position()
        if is_bracketed:
            self._need(")")
        return found

    def _position(self) -> list[object]:
        found: list[object] = [self._number(), self._number()]
        if self._next.kind == "number" or self._next.sign in {"-", "+"}:
            found.append(self._number())
        return found


def _unquoted(word: _Word) -> str:
    return word.text[1:-1].replace("''", "'").replace("\\'", "'")
