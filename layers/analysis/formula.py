"""Formulas over indicators: + - * / ( ), numbers and keys; read, checked, never executed as code.

A formula is read into a small tree. `shape_of` finds out whether it is a sum of amounts or one
sum of amounts over another, which can be added up from place to place; any other formula holds
for one place at a time. `unit_of` checks the units, `evaluate` calculates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layers.analysis.units import ONE, Unit

Sign = Literal["+", "-", "*", "/"]
Reason = Literal["unexpected", "too-long", "too-deep", "unknown-key", "units-differ", "no-key"]

LONGEST, DEEPEST = 500, 30
#: The ground of the place itself, in square kilometres.
GROUND = "@area_km2"

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<key>@?[a-z][a-z0-9_]*)|(?P<sign>[-+*/()]))"
)


class FormulaError(ValueError):
    """A formula that means nothing; `at` counts characters from 0, `about` is what stands there."""

    def __init__(self, reason: Reason, about: str = "", at: int = 0) -> None:
        super().__init__(f"{reason}: {about!r} at {at}")
        self.reason, self.about, self.at = reason, about, at


@dataclass(frozen=True, slots=True)
class Number:
    """A number without a unit."""

    value: float


@dataclass(frozen=True, slots=True)
class Key:
    """The value of an indicator, or the ground of the place."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """Two formulas and what is done with them."""

    sign: Sign
    left: Formula
    right: Formula


Formula = Number | Key | Operation


@dataclass(frozen=True, slots=True)
class Shape:
    """``above / below``, each a sum of indicators times numbers; a `constant` stands for no key.

    ``below`` is empty where nothing is divided by.
    """

    above: Mapping[str, float]
    below: Mapping[str, float]
    constant: float = 0.0


def parse(text: str) -> Formula:
    """Read a formula.

    Parameters
    ----------
    text : str
        For example ``100 * (waste_gen_tpd - waste_improper_tpd) / waste_gen_tpd``.

    Returns
    -------
    Formula
        A tree; the usual precedence, from left to right.

    Raises
    ------
    FormulaError
        If it is longer than 500 characters, nested deeper than 30, or not a formula.

    References
    ----------
    A. V. Aho, M. S. Lam, R. Sethi and J. D. Ullman (2006), Compilers, 2nd ed., 4.4.1
    (recursive descent).
    """
    if len(text) > LONGEST:
        raise FormulaError("too-long", f"{len(text)}")
    return _Reader(text).read()


def keys_of(formula: Formula) -> tuple[str, ...]:
    """List the indicators of a formula.

    Parameters
    ----------
    formula : Formula
        From `parse`.

    Returns
    -------
    tuple of str
        In the order they are written, none twice.

    References
    ----------
    None: the tree is walked from left to right.
    """
    return tuple(dict.fromkeys(_keys(formula)))


def shape_of(formula: Formula) -> Shape | None:
    """Write a formula as one sum over another.

    Parameters
    ----------
    formula : Formula
        From `parse`.

    Returns
    -------
    Shape or None
        ``None`` when it multiplies indicators, or adds ratios of different denominators.

    References
    ----------
    D. E. Knuth (1997), The Art of Computer Programming, vol. 2, 3rd ed., 4.5.1 (arithmetic of
    fractions).
    """
    match formula:
        case Number(value):
            return Shape({}, {}, value)
        case Key(name):
            return Shape({name: 1.0}, {})
    left, right = shape_of(formula.left), shape_of(formula.right)
    if left is None or right is None:
        return None
    if formula.sign in {"+", "-"}:
        return _added(left, right if formula.sign == "+" else _times(right, -1.0))
    return _multiplied(left, right) if formula.sign == "*" else _divided(left, right)


def unit_of(formula: Formula, units: Mapping[str, Unit]) -> Unit:
    """Find the unit of a formula's value.

    Parameters
    ----------
    formula : Formula
        From `parse`.
    units : mapping of str to Unit
        Of every key.

    Returns
    -------
    Unit
        Numbers have none, so the scale is that of the keys alone.

    Raises
    ------
    FormulaError
        If unlike things are added, or a key has no unit here.

    References
    ----------
    P. W. Bridgman (1922), Dimensional Analysis, ch. 4: only like quantities are added.
    """
    match formula:
        case Number():
            return ONE
        case Key(name):
            if name not in units:
                raise FormulaError("unknown-key", name)
            return units[name]
    left, right = unit_of(formula.left, units), unit_of(formula.right, units)
    match formula.sign:
        case "*":
            return left * right
        case "/":
            return left / right
    is_same = left.dimension == right.dimension and (left.is_bare or left.scale == right.scale)
    if not is_same:
        raise FormulaError("units-differ", f"{left} {formula.sign} {right}")
    return right if isinstance(formula.left, Number) else left


def evaluate(
    formula: Formula, values: Mapping[str, NDArray[np.float64]]
) -> NDArray[np.float64] | float:
    """Calculate a formula for many places at once.

    Parameters
    ----------
    formula : Formula
        From `parse`.
    values : mapping of str to ndarray, shape (n,)
        Of every key, in the units of the catalogue; NaN where missing.

    Returns
    -------
    ndarray, shape (n,), or float
        NaN where a value is missing or a divisor is zero.

    References
    ----------
    IEEE 754-2019, 6.2: what is unknown stays unknown through every operation.
    """
    match formula:
        case Number(value):
            return value
        case Key(name):
            return values[name]
    left, right = evaluate(formula.left, values), evaluate(formula.right, values)
    match formula.sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    divisor = np.asarray(right, dtype=np.float64)
    quotient: NDArray[np.float64] = np.asarray(left) / np.where(divisor == 0, np.nan, divisor)
    return quotient


def as_sql(formula: Formula, names: Mapping[str, str]) -> str:
    """Write a formula as SQL arithmetic; the result is NULL where a divisor is zero.

    Parameters
    ----------
    formula : Formula
        From `parse`.
    names : mapping of str to str
        The expression that stands for each key. Nothing else than these, numbers, signs and
        parentheses is written.

    Returns
    -------
    str
        In parentheses.

    References
    ----------
    ISO/IEC 9075-2:2016, 6.29 (numeric value expression) and 6.12 (NULLIF).
    """
    match formula:
        case Number(value):
            return f"({value!r}::float8)"
        case Key(name):
            return f"({names[name]})"
    left, right = as_sql(formula.left, names), as_sql(formula.right, names)
    divisor = f"nullif({right}, 0)" if formula.sign == "/" else right
    return f"({left} {formula.sign} {divisor})"


class _Reader:
    """Reads by recursive descent: sums of products of single things."""

    def __init__(self, text: str) -> None:
        self._text, self._place, self._depth = text, 0, 0

    def read(self) -> Formula:
        found = self._sum()
        if self._peek():
            raise self._unexpected()
        if not keys_of(found):
            raise FormulaError("no-key", self._text)
        return found

    def _sum(self) -> Formula:
        self._depth += 1
        if self._depth > DEEPEST:
            raise FormulaError("too-deep", at=self._place)
        found = self._product()
        while sign := self._take("+", "-"):
            found = Operation(sign, found, self._product())
        self._depth -= 1
        return found

    def _product(self) -> Formula:
        found = self._single()
        while sign := self._take("*", "/"):
            found = Operation(sign, found, self._single())
        return found

    def _single(self) -> Formula:
        match = _TOKEN.match(self._text, self._place)
        if match is None:
            raise self._unexpected()
        self._place = match.end()
        if match["number"] and math.isfinite(float(match["number"])):
            return Number(float(match["number"]))
        if match["key"]:
            return Key(match["key"])
        if match["sign"] == "-":
            self._depth += 1
            if self._depth > DEEPEST:
                raise FormulaError("too-deep", at=self._place)
            found = Operation("*", Number(-1.0), self._single())
            self._depth -= 1
            return found
        if match["sign"] == "(":
            inner = self._sum()
            if self._peek() != ")":
                raise self._unexpected()
            self._skip()
            return inner
        self._place = match.start()
        raise self._unexpected()

    def _peek(self) -> str:
        match = _TOKEN.match(self._text, self._place)
        return match[0].strip() if match else self._text[self._place :].strip()[:1]

    def _take(self, *signs: Sign) -> Sign | None:
        found = next((sign for sign in signs if sign == self._peek()), None)
        if found is not None:
            self._skip()
        return found

    def _skip(self) -> None:
        match = _TOKEN.match(self._text, self._place)
        self._place = match.end() if match else len(self._text)

    def _unexpected(self) -> FormulaError:
        at = self._place + len(self._text[self._place :]) - len(self._text[self._place :].lstrip())
        return FormulaError("unexpected", self._text[at : at + 20], at)


def _keys(formula: Formula) -> Iterator[str]:
    match formula:
        case Key(name):
            yield name
        case Operation(_, left, right):
            yield from _keys(left)
            yield from _keys(right)


def _sum_of(left: Mapping[str, float], right: Mapping[str, float]) -> dict[str, float]:
    found = {key: left.get(key, 0.0) + right.get(key, 0.0) for key in (*left, *right)}
    return {key: number for key, number in found.items() if number}


def _times(shape: Shape, number: float) -> Shape:
    above = {key: one * number for key, one in shape.above.items()}
    return Shape(above, shape.below, shape.constant * number if shape.constant else 0.0)


def _added(left: Shape, right: Shape) -> Shape | None:
    if left.below == right.below:
        return Shape(_sum_of(left.above, right.above), left.below, left.constant + right.constant)
    # 100 - 100 a/b is (100 b - 100 a) / b.
    for one, other in ((left, right), (right, left)):
        if not other.below and not other.above:
            whole = {key: number * other.constant for key, number in one.below.items()}
            return Shape(_sum_of(one.above, whole), one.below, one.constant)
    return None


def _multiplied(left: Shape, right: Shape) -> Shape | None:
    for one, other in ((left, right), (right, left)):
        if not other.above and not other.below:
            return _times(one, other.constant)
    return None


def _divided(left: Shape, right: Shape) -> Shape | None:
    if right.below or (right.above and right.constant):
        return None
    if not right.above:
        return _times(left, 1 / right.constant) if right.constant else None
    return None if left.below else Shape(left.above, right.above, left.constant)
