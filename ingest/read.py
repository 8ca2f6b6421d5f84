"""From a file to rows of text: one table with headings, whatever the format.

Nothing is converted here: every cell is the text that the file holds, and every row knows its
place in the file (line, sheet row or line of the record; a header on the first line is row 1).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from geo_service.core.errors import BadRecipe, UnreadableFile
from geo_service.core.text import Text
from ingest import delimited, forms, json_records, size, workbook, xml_records
from ingest.clean import Problem, heading_key
from ingest.recipe import nearest
from ingest.recipe_parts import FilePart
from ingest.size import DEFAULT, Limits

#: Larger files are refused: the whole file is hashed and parsed from one reading.
MAX_BYTES = 1_000_000_000
#: How many lines above the header may be titles.
_HEADER_WITHIN = 50
_YEAR_PLACE = "{year}"

Grid = Sequence[tuple[int, Sequence[str | None]]]


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was when it was read, once."""

    path: Path
    name: str
    data: bytes
    sha256: str
    limits: Limits = DEFAULT

    @classmethod
    def read(cls, path: Path, limits: Limits = DEFAULT) -> Source:
        """Read a file once; what is hashed is what is parsed.

        Parameters
        ----------
        path : Path
            The file.
        limits : Limits
            What it may hold; more is refused (`ingest.size.check`).

        Returns
        -------
        Source
            Its bytes and fingerprint.

        Raises
        ------
        UnreadableFile
            If there is no such file, it is empty or too large, or it changed meanwhile.
        """
        try:
            before = path.stat()
            if before.st_size > MAX_BYTES:
                raise UnreadableFile(
                    Text(
                        th=f"ไฟล์ใหญ่เกิน {MAX_BYTES:,} ไบต์ โปรดแบ่งไฟล์",
                        en=f"The file is larger than {MAX_BYTES:,} bytes; split it",
                    )
                )
            size.check(path, path.name, limits)
            data = path.read_bytes()
            after = path.stat()
        except OSError as error:
            raise UnreadableFile(
                Text(
                    th=f"เปิดไฟล์ {path.name} ไม่ได้: {error.strerror}",
                    en=f"The file {path.name} cannot be opened: {error.strerror}",
                )
            ) from error
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, len(data)):
            raise UnreadableFile(
                Text(
                    th="ไฟล์เปลี่ยนไประหว่างที่อ่าน โปรดลองอีกครั้งเมื่อเขียนเสร็จ",
                    en="The file changed while it was read; try again when it is complete",
                )
            )
        if not data.strip():
            raise UnreadableFile(Text(th="ไฟล์ว่างเปล่า", en="The file is empty"))
        return cls(path, path.name, data, hashlib.sha256(data).hexdigest(), limits)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in the file, its cells by heading, and what is wrong with its shape."""

    number: int
    cells: Mapping[str, str | None]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a file under its headings, spelt as in the file."""

    headings: tuple[str, ...]
    rows: Sequence[Row]
    encoding: str = ""

    def heading(self, wanted: str) -> str:
        """Find a heading in the file's own spelling.

        Parameters
        ----------
        wanted : str
            As the recipe spells it.

        Returns
        -------
        str
            As the file spells it.

        Raises
        ------
        BadRecipe
            If the file has no such heading; the nearest ones are told.
        """
        known = {heading_key(heading): heading for heading in self.headings}
        if (key := heading_key(wanted)) in known:
            return known[key]
        near = [known[one] for one in nearest(key, known)]
        names = ", ".join(near or self.headings[:8])
        raise BadRecipe(
            Text(
                th=f"ไฟล์ไม่มีหัวตาราง '{wanted}' ที่ใกล้เคียงคือ: {names}",
                en=f"The file has no heading '{wanted}'; the nearest are: {names}",
            ),
            heading=wanted,
            nearest=near,
        )

    def yearly(self, template: str) -> list[tuple[str, str]]:
        """Find the headings that fit a template with ``{year}``.

        Parameters
        ----------
        template : str
            For example ``pop_{year}``.

        Returns
        -------
        list of (str, str)
            Heading in the file's spelling, and the year it names.

        Raises
        ------
        BadRecipe
            If none fits.
        """
        before, _, after = heading_key(template).partition(_YEAR_PLACE)
        pattern = re.compile(rf"{re.escape(before)}(\d{{4}}){re.escape(after)}")
        found = [
            (heading, match[1])
            for heading in self.headings
            if (match := pattern.fullmatch(heading_key(heading)))
        ]
        if not found:
            names = ", ".join(self.headings[:8])
            raise BadRecipe(
                Text(
                    th=f"ไม่มีหัวตารางแบบ '{template}' ในไฟล์มี: {names}",
                    en=f"No heading looks like '{template}'; the file has: {names}",
                ),
                heading=template,
            )
        return found


def read_table(source: Source, spec: FilePart, wanted: Collection[str] = ()) -> Table:
    """Read a file as one table.

    Parameters
    ----------
    source : Source
        The file.
    spec : FilePart
        What the recipe says about its format.
    wanted : collection of str
        Headings (paths in XML) that the recipe uses; the header is the row that has most of
        them, so titles may stand above it.

    Returns
    -------
    Table
        With at least one row.

    Raises
    ------
    UnreadableFile
        If the file is not what it claims to be, is empty, or its headings repeat.
    BadRecipe
        If no row has any of the wanted headings.
    """
    form = spec.format or forms.table_form(source.name, source.data[: forms.HEAD])
    if form in {"json", "xml"}:
        reader: Callable[..., list[tuple[int, dict[str, str | None]]]] = (
            json_records.read if form == "json" else xml_records.read
        )
        table = _from_records(reader(source.data, spec, wanted))
    else:
        if form == "xlsx":
            grid: Grid = workbook.read(source.data, spec)
        else:
            grid = delimited.read(source.data, spec, is_tsv=form == "tsv")
        table = _from_grid(grid, spec, wanted, is_ragged=form == "xlsx")
    if not table.rows:
        raise UnreadableFile(
            Text(th="ไฟล์มีแต่หัวตาราง ไม่มีข้อมูล", en="The file has a header but no rows")
        )
    return _filled_down(table, spec.fill_down)


def _from_records(records: Sequence[tuple[int, dict[str, str | None]]]) -> Table:
    headings: dict[str, None] = {}
    for _, cells in records:
        headings.update(dict.fromkeys(cells))
    rows = [
        Row(number, {heading: cells.get(heading) for heading in headings})
        for number, cells in records
    ]
    return Table(tuple(headings), rows)


def _from_grid(grid: Grid, spec: FilePart, wanted: Collection[str], *, is_ragged: bool) -> Table:
    at = _header_at(grid, spec, wanted)
    number, header = grid[at]
    headings = [cell.strip() if cell else "" for cell in header]
    while headings and not headings[-1]:
        headings.pop()
    _refuse_repeated(headings, number)
    names = [heading or f"column-{at}" for at, heading in enumerate(headings, start=1)]
    rows = [
        _row(number, cells, names, is_ragged=is_ragged)
        for number, cells in grid[at + 1 :]
        if any(cell and cell.strip() for cell in cells)
    ]
    return Table(tuple(names), rows)


def _row(number: int, cells: Sequence[str | None], names: list[str], *, is_ragged: bool) -> Row:
    problem = None
    surplus = [cell for cell in cells[len(names) :] if cell and cell.strip()]
    if surplus:
        problem = Problem(
            "long-row",
            Text(
                th=f"แถวนี้มี {len(cells)} ช่อง แต่หัวตารางมี {len(names)} (มีจุลภาคเกิน?)",
                en=f"The row has {len(cells)} cells, the header {len(names)}; a comma unquoted?",
            ),
        )
    elif len(cells) < len(names) and not is_ragged:
        problem = Problem(
            "short-row",
            Text(
                th=f"แถวนี้มี {len(cells)} ช่อง แต่หัวตารางมี {len(names)} (ไฟล์อาจขาดหาย)",
                en=f"The row has {len(cells)} cells, the header {len(names)}; is the file cut?",
            ),
        )
    padded = [*cells, *([None] * (len(names) - len(cells)))]
    return Row(number, dict(zip(names, padded, strict=False)), problem)


def _header_at(grid: Grid, spec: FilePart, wanted: Collection[str]) -> int:
    if spec.header is not None:
        for at, (number, _) in enumerate(grid):
            if number == spec.header:
                return at
    keys = {heading_key(one) for one in wanted}
    filled = [at for at, (_, cells) in enumerate(grid[:_HEADER_WITHIN]) if any(cells)]
    if not keys and filled:
        return filled[0]
    scores = {at: _score(grid[at][1], keys) for at in filled}
    best = max(scores, key=lambda at: (scores[at], -at), default=None)
    if best is None or scores[best] == 0:
        first = ", ".join(cell for cell in (grid[filled[0]][1] if filled else []) if cell)[:200]
        raise BadRecipe(
            Text(
                th=f"ไม่พบหัวตารางที่สูตรต้องการ ({', '.join(wanted)}) บรรทัดแรกคือ: {first}",
                en=f"None of the headings ({', '.join(wanted)}) was found; first line: {first}",
            )
        )
    return best


def _score(cells: Sequence[str | None], keys: set[str]) -> int:
    # Templates with {year} count by what stands around the year.
    present = {heading_key(cell) for cell in cells}
    templates = [re.escape(key).replace(r"\{year\}", r"\d{4}") for key in keys if "{year}" in key]
    return len(keys & present) + sum(
        any(re.fullmatch(template, cell) for cell in present) for template in templates
    )


def _refuse_repeated(headings: Sequence[str], number: int) -> None:
    seen: dict[str, str] = {}
    for heading in filter(None, headings):
        key = heading_key(heading)
        if key in seen:
            raise UnreadableFile(
                Text(
                    th=f"หัวตาราง '{heading}' ซ้ำกันในแถว {number} โปรดตั้งชื่อให้ต่างกัน",
                    en=f"The heading '{heading}' stands twice in row {number}; rename one",
                )
            )
        seen[key] = heading


def _filled_down(table: Table, wanted: Collection[str]) -> Table:
    # Merged cells keep their text in the first row only.
    if not wanted:
        return table
    headings = [table.heading(one) for one in wanted]
    last: dict[str, str | None] = {}
    rows = []
    for row in table.rows:
        cells = dict(row.cells)
        for heading in headings:
            said = cells[heading]
            last[heading] = cells[heading] = said if said and said.strip() else last.get(heading)
        rows.append(Row(row.number, cells, row.problem))
    return Table(table.headings, rows, table.encoding)
