"""Facilities with a limit of their own, such as disposal sites with a capacity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from boundaries.models import Area
from layers.analysis.scenario import Array
from layers.models import Feature, FeatureLayer
from layers.scenarios.document import Count, Level
from layers.scenarios.places import Ground

#: By row of its place: how many times what it takes now each facility may take, in order.
Room = Mapping[int, Array]


def read(session: Session, count: Count, level: Level, ground: Ground) -> Room:
    """Read how much room the facilities of a layer have.

    Parameters
    ----------
    session : Session
        Open.
    count : Count
        Names the layer, and the properties that say what each takes and may take.
    level : {"province", "district"}
        Of the scenario's places.
    ground : Ground
        Its places.

    Returns
    -------
    mapping of int to ndarray, shape (n,)
        Limits over amounts (no unit); empty where the layer or such numbers are not there.
    """
    layer = session.get(FeatureLayer, count.layer)
    names = (count.amount, count.above)
    if layer is None or not all(_is_number(layer, name) for name in names):
        return {}
    amount, limit = (Feature.properties[name].as_float() for name in names)
    small, district, province = aliased(Area), aliased(Area), aliased(Area)
    place = province if level == "province" else district
    rows = session.execute(
        select(place.code, limit / amount)
        .join(small, small.id == Feature.area_id)
        .join(district, district.id == small.parent_id)
        .join(province, province.id == district.parent_id)
        .where(Feature.layer_id == count.layer, amount > 0, limit.is_not(None))
        .order_by(place.code, limit / amount)
    )
    row_of = {code: row for row, code in enumerate(ground.codes)}
    found: dict[int, list[float]] = {}
    for code, room in rows:
        if code in row_of:
            found.setdefault(row_of[code], []).append(room)
    return {row: np.array(room) for row, room in found.items()}


def _is_number(layer: FeatureLayer, name: str) -> bool:
    return layer.properties.get(name, {}).get("type") in {"number", "integer"}
