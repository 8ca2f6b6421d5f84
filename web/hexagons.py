"""Maps in hexagons: classes made from the cells' own values, at one resolution for the map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

import numpy as np

from geo_service.core.text import Text
from geo_service.deps import SessionDep
from layers import hexbins, hexsubjects
from layers.analysis import classify, ramps
from layers.filters import Box
from layers.hexbins import HexRow
from layers.indicators import IndicatorInfo
from layers.thematic import MapClass, ThematicMap
from web import explore
from web.choices import State
from web.map_page import Hexagons
from web.words import STATUSES, number, sentence

#: Cells of this resolution are still drawn for the whole country; finer ones within an area.
FINEST_COUNTRY: Final = 6
DEFAULT_RESOLUTION: Final = 5
HISTOGRAM_BARS: Final = 20
SPECIAL: Final = ("zero", "not_reported", "not_applicable", "suppressed")
ZERO_COLOUR: Final = "#f7f8fa"


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
        The map without places, its counts those of cells; and where the cells are.
    """
    base = explore.build(session, replace(state, level=None))
    known = hexsubjects.resolutions(session)
    fitting = [one for one in known if one <= FINEST_COUNTRY or state.area]
    wanted = state.resolution or min(fitting or known, default=DEFAULT_RESOLUTION)
    box = Box(*base.bbox) if state.area else None
    found = hexbins.read(session, state.indicator, base.period, resolution=wanted, bbox=box)
    query = {"period": base.period.key, "resolution": wanted, "f": "geojson"}
    if state.area:
        query["bbox"] = ",".join(f"{edge:.4f}" for edge in base.bbox)
    cells = Hexagons(found.resolution, f"/hexbins/{state.indicator}?{urlencode(query)}")
    return _as_map(base, found.rows, state), cells


def _as_map(base: ThematicMap, rows: Sequence[HexRow], state: State) -> ThematicMap:
    values = np.array([row.value for row in rows if row.status == "reported"], dtype=float)
    scheme = state.scheme if state.scheme in {"equal", "natural", "stddev"} else "quantile"
    edges = classify.breaks(values, scheme, state.classes or explore.DEFAULT_CLASSES)  # type: ignore[arg-type]
    return replace(
        base,
        level="hexbin",
        classes=(*_ranges(base.indicator, values, edges), *_special(rows)),
        places=(),
        histogram=classify.histogram(values, edges, HISTOGRAM_BARS),
        scheme=scheme,  # type: ignore[arg-type]  # one of the four above
        method=sentence("hexbin_method"),
        reporting=sum(row.status in {"reported", "zero"} for row in rows),
        expected=len(rows),
        breaks_note=None,
        title=_title(base),
    )


def _title(base: ThematicMap) -> Text:
    said, name, period = sentence("hexbin_of"), base.indicator.name, base.period.label
    return Text(
        said.th.format(name=name.th, period=period.th),
        said.en.format(name=name.en, period=period.en),
    )


def _ranges(
    info: IndicatorInfo, values: classify.Values, edges: tuple[float, ...]
) -> list[MapClass]:
    if not edges:
        return []
    counts = np.bincount(classify.class_of(values, edges), minlength=len(edges) - 1)
    colours = ramps.sequential(info.ramp, len(edges) - 1)
    spans = zip(edges[:-1], edges[1:], colours, counts, strict=True)
    return [
        MapClass("range", low, high, colour, _span(info, low, high), int(count))
        for low, high, colour, count in spans
    ]


def _span(info: IndicatorInfo, low: float, high: float) -> Text:
    written = f"{number(low, info.decimals)} – {number(high, info.decimals)}"
    return Text(written, written)


def _special(rows: Sequence[HexRow]) -> list[MapClass]:
    counts = {kind: sum(row.status == kind for row in rows) for kind in SPECIAL}
    return [
        MapClass(kind, None, None, ZERO_COLOUR, STATUSES[kind], count)
        for kind, count in counts.items()
        if count
    ]
