"""JSON: a list of objects to records with line numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any, NoReturn

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text
from ingest import json_strict
from ingest.encoding import decode
from ingest.recipe_parts import FilePart

#: An object that says so tells GDAL what to open (GDALG); it is no row of a table.
_INSTRUCTIONS = ("gdal_streamed_alg",)
_GAP = re.compile(r"[\s,]*")

Record = tuple[int, dict[str, str | None]]


def read(data: bytes, spec: FilePart, wanted: Collection[str] = ()) -> list[Record]:  # noqa: ARG001  (the readers' shape)
    """Read a list of objects, or one object as a list of one.

    Parameters
    ----------
    data : bytes
        The whole file.
    spec : FilePart
        ``record`` is the dotted path of the list, as ``result.records``; nothing for the top.
    wanted : collection of str
        Not needed here.

    Returns
    -------
    list of (int, dict)
        Line on which each object begins (number in the list below a path), and its members
        as text; nested members as JSON.

    Raises
    ------
    UnreadableFile
        If it is no JSON, not strict (`ingest.json_strict`), instructions for another program,
        or there is no list of objects at the path.
    """
    text, _ = decode(data, spec.encoding)
    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)
    try:
        whole = decoder.decode(text.strip())
        json_strict.check(text.encode())
        items = _at(whole, spec.record)
        lines = _lines(text, decoder) if spec.record is None and isinstance(whole, list) else None
    except RecursionError as error:
        raise UnreadableFile(json_strict.TOO_DEEP) from error
    except json.JSONDecodeError as error:
        where = f" line {error.lineno}"
        raise UnreadableFile(
            Text(th=f"ไฟล์ไม่ใช่ JSON ที่ถูกต้อง{where}", en=f"The file is not valid JSON{where}")
        ) from error
    records = []
    for at, item in enumerate(items):
        if not isinstance(item, dict):
            raise UnreadableFile(
                Text(th=f"รายการที่ {at + 1} ไม่ใช่อ็อบเจ็กต์", en=f"Item {at + 1} is not an object")
            )
        number = lines[at] if lines else at + 1
        records.append((number, {key: _said(value) for key, value in item.items()}))
    return records


def _refuse(said: str) -> NoReturn:
    raise UnreadableFile(
        Text(
            th=f"JSON ไม่มีค่า {said} ค่าที่ไม่มีให้เขียน null",
            en=f"{said} is no JSON; write null for what is not there",
        )
    )


def _at(whole: Any, path: str | None) -> list[Any]:  # noqa: ANN401  (any JSON value)
    found = whole
    for step in (path or "").split(".") if path else []:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, dict) and found.get("type") not in _INSTRUCTIONS:
        return [found]
    if isinstance(found, list):
        return found
    raise UnreadableFile(
        Text(
            th=f"ไม่พบรายการของอ็อบเจ็กต์ที่ '{path or 'บนสุด'}'",
            en=f"There is no list of objects at '{path or 'the top'}'",
        )
    )


def _lines(text: str, decoder: json.JSONDecoder) -> list[int]:
    # Walks the top list once more to learn on which line each item begins.
    at = text.index("[") + 1
    lines: list[int] = []
    line, counted = 1, 0
    while True:
        match = _GAP.match(text, at)
        at = match.end() if match else at
        if at >= len(text) or text[at] == "]":
            return lines
        line += text.count("\n", counted, at)
        counted = at
        lines.append(line)
        _, at = decoder.raw_decode(text, at)


def _said(value: Any) -> str | None:  # noqa: ANN401  (any JSON value)
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
