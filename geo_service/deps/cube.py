"""A question to the cube, from an address or a document to a value and back to an address."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import Depends, Query

from geo_service.core.errors import BadParameter, BadRequest
from geo_service.core.json_text import read_object
from geo_service.core.text import Text
from geo_service.deps.parameters import parse_count
from layers.cql2 import LANGUAGES, read_filter
from layers.cql2.tree import MAX_CHARACTERS
from layers.cube.query import Asked

#: In the order of an address.
NAMES = (
    "measures", "rows", "columns", "filter", "filter-lang", "totals", "scheme", "level", "top",
    "bottom", "by", "sort", "base", "peers",
)  # fmt: skip
_LISTS = ("measures", "rows", "columns", "totals", "peers")
#: Longer addresses are packed; browsers and proxies take these.
LONGEST_PLAIN = 4_000
#: What a packed question may grow to.
_MOST_BYTES = 8 * MAX_CHARACTERS
_NO_QUESTION = Text(
    th=f"คำถามเป็นวัตถุ JSON ไม่เกิน {_MOST_BYTES:,} ไบต์",
    en=f"A question is a JSON object of at most {_MOST_BYTES:,} bytes",
)
_PLAIN = ":/,-._~()'*"

ListText = Annotated[str | None, Query(max_length=2_000)]


@dataclass(frozen=True, slots=True)
class CubeForm:
    """A question as it was written: its words by parameter, none that is empty."""

    words: Mapping[str, str]

    @property
    def asked(self) -> Asked:
        """The question, its filter read."""
        words = self.words
        lists = {name: _list(words.get(name, "")) for name in _LISTS}
        counts = {
            name: parse_count(words[name], name, default=0, least=1)
            for name in ("top", "bottom")
            if name in words
        }
        return Asked(
            measures=lists["measures"], rows=lists["rows"], columns=lists["columns"],
            totals=lists["totals"], peers=lists["peers"],
            filter=_filter(words),
            scheme=words.get("scheme"),
            level=words.get("level"),
            top=counts.get("top"), bottom=counts.get("bottom"),
            by=words.get("by"), sort=words.get("sort"), base=words.get("base"),
        )  # fmt: skip

    def address(self, **changed: str | None) -> str:
        """Write the one address of the question, or of one that differs a little.

        Parameters
        ----------
        **changed : str or None
            Parameters set; ``None`` leaves one out. Others than the question's are added.

        Returns
        -------
        str
            Relative to the service; packed when it would be long.
        """
        words: dict[str, str] = dict(self.words)
        for name, value in changed.items():
            words.pop(name.replace("_", "-"), None)
            if value:
                words[name.replace("_", "-")] = value
        order = [name for name in NAMES if name in words]
        rest = {name: value for name, value in words.items() if name not in NAMES}
        told = _written({name: words[name] for name in order} | rest)
        if len(told) > LONGEST_PLAIN:
            packed = zlib.compress(orjson.dumps({name: words[name] for name in order}), 9)
            told = _written({"q": base64.urlsafe_b64encode(packed).decode().rstrip("="), **rest})
        return f"/cube?{told}" if told else "/cube"


def cube_form(  # noqa: PLR0917  (FastAPI passes by name)
    measures: ListText = None,
    rows: ListText = None,
    columns: ListText = None,
    filter_text: Annotated[str | None, Query(alias="filter", description="CQL2")] = None,
    language: Annotated[
        str | None, Query(alias="filter-lang", description="cql2-text | cql2-json")
    ] = None,
    totals: Annotated[str | None, Query(description="rows, columns")] = None,
    scheme: Annotated[str | None, Query(max_length=40, description="of regions")] = None,
    level: Annotated[str | None, Query(description="of the places behind the cells")] = None,
    top: Annotated[str | None, Query(description="only the first rows")] = None,
    bottom: Annotated[str | None, Query(description="only the last rows")] = None,
    by: Annotated[str | None, Query(description="measure of top and bottom")] = None,
    sort: Annotated[str | None, Query(description="measure; a minus for largest first")] = None,
    base: Annotated[str | None, Query(description="base year")] = None,
    peers: Annotated[
        str | None, Query(description="kind, size, region, province, district")
    ] = None,
    q: Annotated[str | None, Query(max_length=16_000, description="a packed question")] = None,
) -> CubeForm:
    """Read a question from an address.

    Returns
    -------
    CubeForm
        Its names are not checked yet.
    """
    given = (measures, rows, columns, filter_text, language, totals, scheme, level, top, bottom,
             by, sort, base, peers)  # fmt: skip
    words = {name: value for name, value in zip(NAMES, given, strict=True) if value}
    if q is not None:
        words = _unpacked(q) | words
    return form_of(words)


def form_of(words: Mapping[str, Any]) -> CubeForm:
    """Read a question from a document.

    Parameters
    ----------
    words : mapping of str to object
        Texts, lists of texts, numbers; the filter may be CQL2 JSON.

    Returns
    -------
    CubeForm
        Its names are not checked yet.

    Raises
    ------
    BadParameter
        If a name is unknown or a value of another kind.
    """
    found: dict[str, str] = {}
    for name, value in words.items():
        if name not in NAMES:
            raise BadParameter(
                Text(th=f"ไม่รู้จัก '{name[:60]}'", en=f"'{name[:60]}' is not known"),
                parameter=name[:60],
                known=list(NAMES),
            )
        found[name] = _text(name, value)
    if isinstance(words.get("filter"), dict):
        found["filter-lang"] = LANGUAGES[1]
    if found.get("filter-lang") == LANGUAGES[0] or "filter" not in found:
        found.pop("filter-lang", None)
    return CubeForm({name: value for name, value in found.items() if value})


CubeDep = Annotated[CubeForm, Depends(cube_form)]


def read_document(body: bytes) -> CubeForm:
    """Read a question from the body of a request.

    Parameters
    ----------
    body : bytes
        JSON.

    Returns
    -------
    CubeForm
        Its names are not checked yet.

    Raises
    ------
    BadRequest
        If it is no JSON object, gives a name twice, or is longer than a question can be.
    TooLarge
        If it is nested too deep.
    """
    if len(body) > _MOST_BYTES:
        raise BadRequest(_NO_QUESTION)
    return form_of(read_object(body, _NO_QUESTION))


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        _refuse(name)
    if isinstance(value, int):
        return str(value)
    if name in _LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ",".join(value)
    if name == "filter" and isinstance(value, dict):
        return orjson.dumps(value).decode()
    _refuse(name)
    return ""


def _refuse(name: str) -> None:
    raise BadParameter(
        Text(th=f"ค่าของ '{name}' ไม่ถูกต้อง", en=f"The value of '{name}' is not valid"),
        parameter=name,
    )


def _list(text: str) -> Sequence[str]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _filter(words: Mapping[str, str]) -> Any:  # noqa: ANN401  (a tree or nothing)
    language = words.get("filter-lang", LANGUAGES[0])
    if language not in LANGUAGES:
        _refuse("filter-lang")
    return read_filter(words["filter"], language) if "filter" in words else None


def _unpacked(text: str) -> dict[str, Any]:
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        # A few bytes may unpack to many: no more is taken than a question needs.
        return read_object(zlib.decompressobj().decompress(packed, _MOST_BYTES), _NO_QUESTION)
    except (binascii.Error, zlib.error, ValueError, BadRequest):
        _refuse("q")
    return {}


def _written(words: Mapping[str, str]) -> str:
    return urlencode(words, quote_via=quote, safe=_PLAIN)
