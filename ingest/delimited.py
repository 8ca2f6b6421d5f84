"""CSV and TSV: text to a grid of cells with line numbers."""

from __future__ import annotations

import csv
import io
from collections import Counter

from geo_service.core.errors import UnreadableFile
from geo_service.core.text import Text
from ingest.encoding import decode
from ingest.recipe_parts import FilePart

_DELIMITERS = ",;\t|"
_PROBE_LINES = 50


def read(
    data: bytes, spec: FilePart, *, is_tsv: bool = False
) -> list[tuple[int, list[str | None]]]:
    """Split delimited text into cells.

    Parameters
    ----------
    data : bytes
        The whole file.
    spec : FilePart
        Stated encoding and delimiter, if any.
    is_tsv : bool
        Whether tabs part the cells.

    Returns
    -------
    list of (int, list of str)
        First line of each record, from 1, and its cells.

    Raises
    ------
    UnreadableFile
        If a quotation is never closed, or the text is broken.
    """
    text, _ = decode(data, spec.encoding)
    delimiter = "\t" if is_tsv else spec.delimiter or _delimiter_of(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    grid: list[tuple[int, list[str | None]]] = []
    line = 1
    try:
        for cells in reader:
            grid.append((line, list(cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableFile(
            Text(
                th=f"เครื่องหมายคำพูดหรือช่องข้อมูลผิดรูปแบบ เริ่มที่บรรทัด {line}: {error}",
                en=f"Quotation or cells are malformed from line {line} on: {error}",
            ),
            line=line,
        ) from error
    return grid


def _delimiter_of(text: str) -> str:
    # The delimiter under which most lines have the same number of cells, and most cells.
    lines = [line for line in text.splitlines()[:_PROBE_LINES] if line.strip()]

    def weight(delimiter: str) -> int:
        counts = Counter(line.count(delimiter) for line in lines if delimiter in line)
        if not counts:
            return 0
        cells, agreeing = max(counts.items(), key=lambda item: item[0] * item[1])
        return cells * agreeing

    return max(_DELIMITERS, key=weight)
