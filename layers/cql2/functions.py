"""Functions a filter may call: a short list, each with its types; nothing else is ever called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Double, Numeric, cast, extract, func

from geo_service.core.text import Text
from layers.cql2.tree import refuse
from layers.cql2.typed import Expression, Type, Typed, as_float, need, without_accents, without_case


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the list: what it takes, what it gives, what it does."""

    takes: tuple[tuple[Type, ...], ...]
    gives: Type
    about: Text
    make: Callable[..., Expression]
    is_whole: bool = False


def _text(make: Callable[[Any], Any], about: Text) -> Function:
    return Function((("string",),), "string", about, make)


def _whole(make: Callable[[Any], Any], about: Text) -> Function:
    return Function((("number",),), "number", about, lambda one: make(cast(one, Double)))


def _part_of_date(part: str, about: Text) -> Function:
    # Parts of an instant are those of UTC, whatever zone the connection has.
    def make(one: Any) -> Expression:  # noqa: ANN401  (a column)
        is_instant = getattr(one.type, "timezone", False)
        return cast(extract(part, func.timezone("UTC", one) if is_instant else one), BigInteger)

    return Function((("date", "datetime"),), "number", about, make, is_whole=True)


FUNCTIONS: dict[str, Function] = {
    "casei": _text(without_case, Text("ไม่แยกตัวพิมพ์", "Without regard to case")),
    "accenti": _text(without_accents, Text("ไม่แยกเครื่องหมายกำกับ", "Without regard to accents")),
    "lower": _text(func.lower, Text("ตัวพิมพ์เล็ก", "In lower case")),
    "upper": _text(func.upper, Text("ตัวพิมพ์ใหญ่", "In upper case")),
    "trim": _text(func.btrim, Text("ตัดช่องว่างหัวท้าย", "Without blanks at its ends")),
    "length": Function(
        (("string",),), "number", Text("จำนวนอักขระ", "Number of characters"),
        func.char_length, is_whole=True,
    ),
    "starts_with": Function(
        (("string",), ("string",)), "boolean", Text("ขึ้นต้นด้วย", "Begins with"), func.starts_with
    ),
    "abs": _whole(func.abs, Text("ค่าสัมบูรณ์", "Absolute value")),
    "floor": _whole(func.floor, Text("ปัดลง", "Whole number below")),
    "ceiling": _whole(func.ceil, Text("ปัดขึ้น", "Whole number above")),
    "round": _whole(func.round, Text("ปัดเศษ", "Nearest whole number")),
    "year": _part_of_date("year", Text("ปี ค.ศ.", "Year, Common Era")),
    "month": _part_of_date("month", Text("เดือน", "Month, 1 to 12")),
    "day": _part_of_date("day", Text("วันที่", "Day of the month")),
}  # fmt: skip

ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "div", "^"})


def called(name: str, args: list[Typed]) -> Typed:
    """Call a function of the list.

    Parameters
    ----------
    name : str
        In lower case.
    args : list of Typed
        What it is called with.

    Returns
    -------
    Typed
        Its result.
    """
    known = FUNCTIONS.get(name)
    if known is None:
        told = ", ".join(FUNCTIONS)
        shown = name[:40]
        refuse(f"ไม่มีฟังก์ชัน '{shown}' ที่มีคือ {told}", f"there is no '{shown}'; there are {told}")
    if len(args) != len(known.takes):
        refuse(f"{name} รับ {len(known.takes)} ค่า", f"{name} takes {len(known.takes)} values")
    checked = [need(one, *types).sql for one, types in zip(args, known.takes, strict=True)]
    return Typed(known.gives, known.make(*checked))


def calculated(op: str, args: list[Typed]) -> Typed:
    """Calculate with two numbers, in double precision.

    Parameters
    ----------
    op : str
        One of `ARITHMETIC`; ``div`` gives the whole part.
    args : list of Typed
        Two numbers.

    Returns
    -------
    Typed
        A number; missing where it would divide by zero.
    """
    if len(args) != len(("left", "right")):
        refuse(f"{op} รับสองจำนวน", f"{op} takes two numbers")
    left, right = (as_float(one) for one in args)
    made: Any
    match op:
        case "+":
            made = left + right
        case "-":
            made = left - right
        case "*":
            made = left * right
        case "^":
            made = func.power(left, right)
        case "%":
            whole = func.nullif(cast(right, Numeric), 0)
            made = cast(func.mod(cast(left, Numeric), whole), Double)
        case _:
            made = left / func.nullif(right, 0.0)
            made = func.trunc(made) if op == "div" else made
    return Typed("number", made)
