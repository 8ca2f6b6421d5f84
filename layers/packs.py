"""Features and tiles of a collection in one file: read by place, without asking the database.

Written from the texts and tiles that the database has prepared; every byte of an answer is the
one that the database would give.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo_service.core.beside import Hidden, Plan, Room
from geo_service.core.crs import CRS84
from geo_service.core.known import TODAY, known_of
from layers import feature_texts, queries
from layers.collection import Collection
from layers.drawings import kept_for
from layers.place_relations import place_subjects
from layers.prepared import PreparedTile
from layers.questions import Question
from layers.relations import relation_of
from layers.versions import changed_at, versions_of

#: Larger collections stay in the database: what tells where a feature lies is held in memory.
MOST_FEATURES = 20_000
MOST_TILES = 50_000
_ROWS_AT_ONCE = 200
_FAMILIES = frozenset({"area", "org", "feature"})
_END, _NEXT = b"}}", b"}},"
#: A tile in which nothing lies.
_NOWHERE = (0, 0, 0)
#: gzip, as `zlib` counts it.
_GZIP = 31


class NotThere(Exception):
    """A feature is not among those that were written."""


@dataclass(frozen=True, slots=True, eq=False)
class FeaturePack:
    """Features one after the other, by public id: what comes before the properties, then each.

    ``places`` tells the row of a place, ``codes`` that of a public id; ``starts`` where rows begin
    in the file; ``marks`` holds for each row the ends of its pieces, counted from its start.
    """

    file: Hidden
    places: dict[int, int]
    codes: dict[str, int]
    starts: array[int]
    marks: array[int]
    columns: dict[str, int]

    def __len__(self) -> int:
        return len(self.places)

    def rows_of(self, places: Sequence[int]) -> list[int]:
        """Find features.

        Parameters
        ----------
        places : sequence of int
            Their places, of the database.

        Returns
        -------
        list of int
            Rows, in the same order.

        Raises
        ------
        NotThere
            If one is not there: the data changed meanwhile.
        """
        try:
            return [self.places[place] for place in places]
        except KeyError as error:
            raise NotThere from error

    def properties(self, code: str) -> bytes:
        """Read all properties of a feature.

        Parameters
        ----------
        code : str
            Public id.

        Returns
        -------
        bytes
            A JSON object.

        Raises
        ------
        NotThere
            If it is not there.
        """
        row, width = self.codes.get(code), len(self.columns) + 1
        if row is None:
            raise NotThere
        first, last = self.marks[row * width], self.marks[(row + 1) * width - 1]
        return b"{%b}" % self.file.read(self.starts[row] + first, last - first)

    def size_of(self, rows: Sequence[int], names: Sequence[str] | None = None) -> int:
        """Tell how long features are, before they are read.

        Parameters
        ----------
        rows : sequence of int
            Which.
        names : sequence of str, optional
            Properties; all when absent.

        Returns
        -------
        int
            Bytes of all texts.
        """
        width, marks = len(self.columns) + 1, self.marks
        size = len(rows) * len(_END)
        if names is None or len(names) == len(self.columns):
            return size + sum(marks[(row + 1) * width - 1] for row in rows)
        columns = [self.columns[name] for name in names]
        for row in rows:
            ends = marks[row * width : (row + 1) * width]
            # Commas stand before all properties but the first of all.
            told = sum(ends[at] - ends[at - 1] - (at > 1) for at in columns)
            size += ends[0] + told + max(len(columns) - 1, 0)
        return size

    def text(self, rows: Sequence[int], names: Sequence[str], *, before: bytes = b"") -> bytes:
        """Write features as GeoJSON, with commas between them.

        Parameters
        ----------
        rows : sequence of int
            Which.
        names : sequence of str
            Properties, in the order they are written.
        before : bytes
            What stands before them.

        Returns
        -------
        bytes
            UTF-8.
        """
        read, starts, marks = self.file.read, self.starts, self.marks
        last, cuts = len(self.columns), _cuts([self.columns[name] for name in names])
        made: list[bytes | memoryview] = [before]
        for row in rows:
            at = row * (last + 1)
            whole = memoryview(read(starts[row], marks[at + last]))
            for comma, start, skipped, end in cuts:
                begin = marks[at + start] + skipped if start >= 0 else 0
                made += (comma, whole[begin : marks[at + end]])
            made.append(_NEXT)
        if rows:
            made[-1] = _END
        return b"".join(made)


def _cuts(columns: Sequence[int]) -> list[tuple[bytes, int, int, int]]:
    # Parts of a feature's text: what is written before each, the mark it begins at (-1: where the
    # text begins), bytes passed over there, the mark it ends at. Columns that stand one after the
    # other are one part; each but the first of all brings the comma before it along.
    cuts = [(b"", -1, 0, 0)]
    for at, column in enumerate(columns):
        if column == cuts[-1][3] + 1 and (at or column == 1):
            cuts[-1] = (*cuts[-1][:3], column)
        elif column == 1:
            cuts.append((b",", 0, 0, 1))
        else:
            cuts.append((b"", column - 1, 0 if at else 1, column))
    return cuts


@dataclass(frozen=True, slots=True, eq=False)
class TilePack:
    """Tiles by zoom, column and row: where each begins, and how long it is packed and plain."""

    file: Hidden
    places: dict[tuple[int, int, int], tuple[int, int, int]]

    def size_of(self, place: tuple[int, int, int]) -> int:
        """Tell how long a tile is.

        Parameters
        ----------
        place : tuple of int
            Zoom, column and row.

        Returns
        -------
        int
            Bytes, not packed.
        """
        return self.places.get(place, _NOWHERE)[2]

    def body(self, place: tuple[int, int, int], *, is_gzip: bool) -> bytes:
        """Read a tile.

        Parameters
        ----------
        place : tuple of int
            Zoom, column and row.
        is_gzip : bool
            Packed by gzip, or plain.

        Returns
        -------
        bytes
            Empty where nothing lies.
        """
        start, packed, plain = self.places.get(place, _NOWHERE)
        if is_gzip:
            return self.file.read(start, packed)
        return self.file.read(start + packed, plain)


def feature_plan(question: Question) -> Plan[FeaturePack] | None:
    """Say how the features that a question asks for are laid beside the process.

    Parameters
    ----------
    question : Question
        What is asked.

    Returns
    -------
    Plan or None
        ``None`` when they are written in a way that is not kept.
    """
    known = question.collection
    is_other = question.when is not None or question.period is not None
    if known.family not in _FAMILIES or is_other or not question.with_geometry:
        return None
    return features_plan(known) if question.crs == CRS84 else None


@lru_cache(maxsize=256)
def features_plan(known: Collection) -> Plan[FeaturePack]:
    """Say how the features of a collection are laid beside the process.

    Parameters
    ----------
    known : Collection
        Of places or features.

    Returns
    -------
    Plan
        Of their texts.
    """
    return Plan(
        ("features", known.id),
        lambda session: (known, _version(session, known, ())),
        lambda session, room: _write_features(session, known, room),
    )


@lru_cache(maxsize=256)
def tile_plan(known: Collection) -> Plan[TilePack]:
    """Say how the usual tiles of a collection are laid beside the process.

    Parameters
    ----------
    known : Collection
        From the register.

    Returns
    -------
    Plan
        Of the tiles that the database keeps.
    """
    drawn = (f"built:drawn:{known.id}",)
    return Plan(
        ("tiles", known.id),
        lambda session: (kept_for(session, known), _version(session, known, drawn)),
        lambda session, room: _write_tiles(session, known, room),
    )


def _version(session: Session, known: Collection, others: Sequence[str]) -> Hashable:
    subjects = sorted({*known.subjects, *place_subjects(known), *others})
    state = known_of(session)
    # Places come into force and go at midnight; numbers of a new database begin anew.
    today = state.versions[TODAY] if state is not None else None
    numbers = tuple(versions_of(session, subjects).items())
    return numbers, changed_at(session, subjects), today


def _write_features(session: Session, known: Collection, room: Room) -> FeaturePack | None:
    relation = relation_of(known)
    if (session.scalar(queries.counted(relation, [], MOST_FEATURES + 1)) or 0) > MOST_FEATURES:
        return None
    names = [one.name for one in known.properties]
    statement = (
        select(relation.place_id, relation.id, *feature_texts.feature_pieces(relation, names))
        .select_from(relation.source)
        .where(*relation.conditions)
        .order_by(relation.id)
    )
    places: dict[int, int] = {}
    codes: dict[str, int] = {}
    starts, marks = array("q"), array("I")
    for place, code, *pieces in session.execute(
        statement, execution_options={"yield_per": _ROWS_AT_ONCE}
    ):
        body, ends = b"", []
        for piece in pieces:
            body += piece.encode()
            ends.append(len(body))
        places[place] = codes[code] = len(starts)
        starts.append(room.write(body))
        marks.extend(ends)
    return FeaturePack(
        room.file, places, codes, starts, marks, {name: at for at, name in enumerate(names, 1)}
    )


def _write_tiles(session: Session, known: Collection, room: Room) -> TilePack | None:
    if kept_for(session, known).deepest_zoom < 0:
        return None
    mine = PreparedTile.collection_id == known.id
    if (session.scalar(select(func.count()).where(mine)) or 0) > MOST_TILES:
        return None
    statement = select(PreparedTile.zoom, PreparedTile.x, PreparedTile.y, PreparedTile.body)
    places = {}
    for zoom, x, y, body in session.execute(
        statement.where(mine).order_by(PreparedTile.zoom, PreparedTile.x, PreparedTile.y),
        execution_options={"yield_per": _ROWS_AT_ONCE},
    ):
        packed = bytes(body)
        plain = zlib.decompress(packed, _GZIP)
        places[zoom, x, y] = (room.write(packed + plain), len(packed), len(plain))
    return TilePack(room.file, places)
