"""Characters that nobody sees: what was repaired in the cells of a file is told, cell by cell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from geo_service.core.text import Text
from ingest.clean import clean_text
from ingest.load import Loading


class _Row(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def cells(self) -> Mapping[str, str | None]: ...


def tell_repairs(loading: Loading, rows: Iterable[_Row], headings: Collection[str]) -> None:
    """Tell which cells held invisible characters or vowels in another order than usual.

    Parameters
    ----------
    loading : Loading
        Under way; takes the findings.
    rows : iterable of Row
        As read from the file.
    headings : collection of str
        Headings that the recipe uses, spelt as in the file.
    """
    for row in rows:
        for heading in headings:
            said = row.cells.get(heading)
            if not said or said.isascii():
                continue
            settled = clean_text(said)
            if settled != " ".join(said.split()):
                loading.reject(
                    reason="cleaned-text",
                    hint=Text(th=f"อ่านเป็น '{settled}'", en=f"Read as '{settled}'"),
                    row=row.number,
                    column=heading,
                    said=_visible(said),
                    severity="repaired",
                )


def _visible(said: str) -> str:
    # Invisible characters by their numbers, or the report would show two equal words.
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in said)
