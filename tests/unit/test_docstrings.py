"""A public docstring says the unit of a number, the shape of an array, the CRS of a geometry."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from geo_service.core.settings import ROOT

FOLDERS = ("geo_service/core", "boundaries", "layers", "ingest")
GEOMETRY = re.compile(
    r"\b(BaseGeometry|Geometry|Polygon|MultiPolygon|LineString|Point|GeoDataFrame|GeoSeries|WKBElement)\b"
)
ARRAY = re.compile(r"\b(ndarray|NDArray|\w+Array|Values|Weights)\b")
NUMBER = re.compile(r"\bfloat\b")
CRS = re.compile(r"EPSG:|CRS|lon(gitude)?\b.*lat")
SHAPE = re.compile(r"\bshape\b")
#: A unit, or the word that there is none, or whose unit it is.
UNIT = re.compile(
    r"\b(units?|km2|km|m2|met(re|er)s?|degrees?|deg|seconds?|minutes?|days?|years?|ms|bytes?|pixels?"
    r"|persons?|people|tonnes?|baht|shares?|fractions?|parts?|ratios?|per cent|percent|0-1|0 to 1"
    r"|between 0 and 1|radians?|zooms?|GiB|MB)\b|%"
)
#: A name that ends in its unit has said it.
NAMED = re.compile(r"_(s|ms|km2|km|m2|m|deg|share|shares|pct|px|bytes|years|days|persons|ce|be)$")


def functions(source: str) -> Iterator[ast.FunctionDef]:
    """Public functions of a module and public methods of its public classes."""
    for node in ast.parse(source).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        if isinstance(node, ast.ClassDef) and node.name.startswith("_"):
            continue
        for member in members:
            if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                yield member


def left_out(function: ast.FunctionDef, *, is_analysis: bool = False) -> list[str]:
    """What the docstring of a function should say and does not."""
    words = ast.get_docstring(function) or ""
    arguments = [
        argument
        for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if argument.annotation is not None
    ]
    signature = " ".join(ast.unparse(argument.annotation) for argument in arguments)
    if function.returns is not None:
        signature += f" {ast.unparse(function.returns)}"
    numbers = [
        argument.arg
        for argument in arguments
        if NUMBER.search(ast.unparse(argument.annotation)) and not NAMED.search(argument.arg)
    ]
    returns_number = function.returns is not None and NUMBER.search(ast.unparse(function.returns))
    missing = []
    if ARRAY.search(signature) and not SHAPE.search(words):
        missing.append("shape of the arrays")
    if GEOMETRY.search(signature) and not CRS.search(words):
        missing.append("CRS of the geometry")
    if (numbers or (returns_number and not NAMED.search(function.name))) and not UNIT.search(words):
        missing.append("unit of the numbers")
    if is_analysis and "References\n" not in words:
        missing.append("source of the method")
    return missing


def modules() -> list[Path]:
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "__init__.py"
    ]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_say_what_a_caller_must_know(path):
    is_analysis = "analysis" in path.parts
    said = [
        f"{function.name}() does not say: {', '.join(missing)}"
        for function in functions(path.read_text(encoding="utf-8"))
        if (missing := left_out(function, is_analysis=is_analysis))
    ]
    assert not said, "\n".join(said)


def test_a_careless_docstring_is_caught():
    source = '''
def gini(a: NDArray[np.float64], share: float) -> float:
    """Calculate the Gini."""
'''
    (careless,) = functions(source)
    assert left_out(careless, is_analysis=True) == [
        "shape of the arrays",
        "unit of the numbers",
        "source of the method",
    ]


def test_a_careful_docstring_passes():
    source = '''
def gini(a: NDArray[np.float64], limit_km2: float) -> float:
    """Measure how unequal the parts are.

    Parameters
    ----------
    a : ndarray, shape (n,)
        In any one unit.

    References
    ----------
    Gini, C. (1912).
    """

def within(shape: Polygon) -> bool:
    """Tell whether it lies in Thailand (EPSG:4326)."""
'''
    careful, located = functions(source)
    assert left_out(careful, is_analysis=True) == []
    assert left_out(located) == []
