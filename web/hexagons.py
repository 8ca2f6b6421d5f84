"""Maps in hexagons: classes made from the cells' own values, at one resolution for the map."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

import h3.api.numpy_int as h3
import numpy as np

from geo_service.core.text import Lang, Text
from geo_service.deps import SessionDep
from layers import hexbins, hexsubjects, outlines
from layers.analysis import classify, ramps
from layers.filters import Box
from layers.hexbins import HexRow
from layers.indicators import IndicatorInfo
from layers.thematic import MapClass, MapPlace, ThematicMap
from layers.thematic.choices import USUAL_CLASSES
from layers.thematic.words import SPECIAL, class_labels
from web import explore
from web.choices import State
from web.words import number, sentence

DEFAULT_RESOLUTION: Final = 5
HISTOGRAM_BARS: Final = 20
#: Zero stands before the ranges and what has no number after them, as on maps of places.
BEFORE: Final = ("zero",)
AFTER: Final = ("not_reported", "not_applicable", "suppressed")
ZERO_COLOUR: Final = ramps.ZERO_COLOUR
#: Cells that the table lists, the highest first.
MOST_LISTED: Final = 100
MOST_DECIMALS: Final = 4


@dataclass(frozen=True, slots=True)
class Hexagons:
    """Hexagons in place of the shapes of places.

    ``url`` answers them as GeoJSON (EPSG:4326), ``rows_url`` their values alone, for another
    period; ``within`` are the cells shown, as H3 writes them, when the map keeps to an area.
    """

    resolution: int
    url: str
    rows_url: str
    csv_url: str
    cells: int
    within: tuple[str, ...] | None
    finder: tuple[tuple[str, str, str, str, str], ...]


def build(session: SessionDep, state: State) -> tuple[ThematicMap, Hexagons]:
    """Build the map of an indicator in hexagons.

    Parameters
    ----------
    session : Session
        Only read.
    state : State
        Its level is ``hexbin``.

    Returns
    -------
    tuple of (ThematicMap, Hexagons)
        The map, its counts those of cells and its places the highest cells; and where the
        cells are.
    """
    scheme = None if state.scheme == "policy" else state.scheme
    base = explore.build(session, replace(state, level=None, compare=None, scheme=scheme))
    known = hexsubjects.resolutions(session)
    fitting = [one for one in known if one <= explore.FINEST_COUNTRY or state.area]
    wanted = state.resolution or min(fitting or known, default=DEFAULT_RESOLUTION)
    box = Box(*base.bbox) if state.area else None
    found = hexbins.read(session, state.indicator, base.period, resolution=wanted, bbox=box)
    rows, within = list(found.rows), None
    if state.area and state.area.isdigit():
        kept = outlines.cells_within(session, state.area, found.resolution)
        rows = [row for row in rows if row.cell in kept]
        within = tuple(h3.int_to_str(row.cell) for row in rows)
    cells = Hexagons(
        resolution=found.resolution,
        url=_address(state, base, found.resolution, "geojson"),
        rows_url=_address(state, base, found.resolution, "json"),
        csv_url=_address(state, base, found.resolution, "csv"),
        cells=len(rows),
        within=within,
        finder=_finder(session, state.lang),
    )
    listed = _listed(session, rows, found.resolution)
    return _as_map(base, rows, listed, state), cells


def _address(state: State, base: ThematicMap, resolution: int, form: str) -> str:
    query = {"period": base.period.key, "resolution": resolution, "f": form}
    if state.area:
        query["bbox"] = ",".join(f"{edge:.4f}" for edge in base.bbox)
    return f"/hexbins/{state.indicator}?{urlencode(query)}"


def _finder(session: SessionDep, lang: Lang) -> tuple[tuple[str, str, str, str, str], ...]:
    other: Lang = "en" if lang == "th" else "th"
    return tuple(
        (level, code, name.in_(lang), name.in_(other), within.in_(lang))
        for level, code, name, within in outlines.named_places(session)
    )


def _listed(session: SessionDep, rows: Sequence[HexRow], resolution: int) -> tuple[MapPlace, ...]:
    known = sorted(
        (row for row in rows if row.value is not None), key=lambda row: -(row.value or 0.0)
    )
    first = known[:MOST_LISTED]
    where = outlines.cell_places(session, [row.cell for row in first], resolution)
    empty = (Text("", ""), Text("", ""))
    return tuple(
        _place(row, rank, len(known), where.get(row.cell, empty))
        for rank, row in enumerate(first, start=1)
    )


def _place(row: HexRow, rank: int, rank_of: int, where: tuple[Text, Text]) -> MapPlace:
    code = h3.int_to_str(row.cell)
    name = where[0] if where[0].en else Text(code, code)
    return MapPlace(
        id=row.cell, code=code, name=name, within=where[1], value=row.value,
        numerator=row.numerator, denominator=row.denominator,
        status=row.status,  # type: ignore[arg-type]  # the same words
        class_index=None, rank=rank, rank_of=rank_of, previous=None,
        reporting=row.reporting, expected=row.expected, basis="", flags=(),
    )  # fmt: skip


def _as_map(
    base: ThematicMap, rows: Sequence[HexRow], listed: tuple[MapPlace, ...], state: State
) -> ThematicMap:
    values = np.array([row.value for row in rows if row.status == "reported"], dtype=float)
    scheme = state.scheme if state.scheme in {"equal", "natural", "stddev"} else "quantile"
    classes = USUAL_CLASSES if state.classes is None else state.classes
    edges = classify.breaks(values, scheme, classes)  # type: ignore[arg-type]
    info = replace(base.indicator, decimals=_decimals(base.indicator, edges))
    made = (*_special(rows, BEFORE), *_ranges(info, values, edges), *_special(rows, AFTER))
    first = sum(entry.kind in BEFORE for entry in made)
    index = {
        place.id: first + int(position)
        for place, position in zip(
            (place for place in listed if place.status == "reported"),
            classify.class_of(
                np.array([p.value for p in listed if p.status == "reported"], dtype=float), edges
            )
            if edges
            else (),
            strict=True,
        )
    }
    return replace(
        base,
        indicator=info,
        level="hexbin",
        classes=made,
        places=tuple(replace(one, class_index=index.get(one.id)) for one in listed),
        histogram=classify.histogram(values, edges, HISTOGRAM_BARS),
        scheme=scheme,  # type: ignore[arg-type]  # one of the four above
        method=sentence("hexbin_method"),
        reporting=sum(row.status in {"reported", "zero"} for row in rows),
        expected=len(rows),
        breaks_note=None,
        title=_title(base),
        notes=_notes(base),
    )


# A cell holds a part of a place: a sixth of a school needs digits that a province does not.
def _decimals(info: IndicatorInfo, edges: Sequence[float]) -> int:
    inner = [abs(edge) for edge in edges[1:-1] if edge]
    if info.space_agg not in {"SUM", "COUNT"} or not inner:
        return info.decimals
    least, middle = min(inner), inner[len(inner) // 2]
    if middle >= 10:  # noqa: PLR2004  (two digits before the point are enough)
        return 0
    return min(max(-math.floor(math.log10(least)), 0), MOST_DECIMALS)


def _title(base: ThematicMap) -> Text:
    said, name, period = sentence("hexbin_of"), base.indicator.name, base.period.label
    where = base.area_name
    return Text(
        said.th.format(name=name.th, period=f"{where.th} {period.th}" if where else period.th),
        said.en.format(name=name.en, period=f"{where.en}, {period.en}" if where else period.en),
    )


def _notes(base: ThematicMap) -> tuple[Text, ...]:
    if base.area_name is None:
        return base.notes
    said = sentence("in_area")
    where = Text(said.th.format(area=base.area_name.th), said.en.format(area=base.area_name.en))
    return (*base.notes, where)


def _ranges(
    info: IndicatorInfo, values: classify.Values, edges: tuple[float, ...]
) -> list[MapClass]:
    if not edges:
        return []
    counts = np.bincount(classify.class_of(values, edges), minlength=len(edges) - 1)
    colours = ramps.sequential(info.ramp, len(edges) - 1)
    labels = class_labels(edges, info, with_names=False)
    spans = zip(edges[:-1], edges[1:], colours, labels, counts, strict=True)
    return [
        MapClass("range", low, high, colour, label, int(count))
        for low, high, colour, label, count in spans
    ]


def _special(rows: Sequence[HexRow], kinds: Sequence[str]) -> list[MapClass]:
    counts = {kind: sum(row.status == kind for row in rows) for kind in kinds}
    return [
        MapClass(kind, None, None, ZERO_COLOUR, SPECIAL[kind], count)
        for kind, count in counts.items()
        if count
    ]


def table_words(cells: Hexagons, listed: int, said: Mapping[str, str]) -> str:
    """Say which cells a table lists.

    Parameters
    ----------
    cells : Hexagons
        All of the map.
    listed : int
        Lines of the table.
    said : dict of str to str
        The words of the page.

    Returns
    -------
    str
        One sentence.
    """
    hint = said["cells_hint"].replace("{n}", number(listed, 0))
    return hint.replace("{of}", number(cells.cells, 0))
