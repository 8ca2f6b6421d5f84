"""Maps in hexagons: classes made from the cells' own values, drawn from vector tiles."""

from __future__ import annotations

from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from geo_service.deps import SessionDep
from layers.thematic import ThematicMap
from web.choices import State
from web.map_page import Hexagons


def build(session: SessionDep, state: State) -> tuple[ThematicMap, Hexagons]:
    raise BadParameter(Text("", ""))
