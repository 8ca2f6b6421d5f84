"""Shapes of features made sound: invalid ones repaired or refused, the date line not guessed at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo_service.core.text import Text
from ingest.feature_drafts import FeatureDraft
from ingest.load import Loading

_HALF_WORLD_DEG: Final = 180.0
_WORLD_DEG: Final = 360.0
_POLE_DEG: Final = 90.0
_LINES, _POLYGONS = frozenset({"LineString", "MultiLineString"}), frozenset(
    {"Polygon", "MultiPolygon"}
)  # fmt: skip


def sound(loading: Loading, drafts: Sequence[FeatureDraft]) -> list[FeatureDraft]:
    """Leave out features whose shape cannot be stored; repair what can be.

    An invalid shape becomes what ``shapely.make_valid`` (method "structure") makes of it, as with
    boundaries. An edge longer than half the world crosses the date line in one reading and the
    whole map in the other: such a shape must come split at 180 degrees (RFC 7946, 3.1.9).

    Parameters
    ----------
    loading : Loading
        Under way; told of each.
    drafts : sequence of FeatureDraft
        Shapes in EPSG:4326.

    Returns
    -------
    list of FeatureDraft
        With valid shapes.
    """
    kept: list[FeatureDraft] = []
    for draft in drafts:
        shape = draft.shape
        if shape is not None and _is_torn(shape):
            _refuse(loading, draft, _TORN)
            continue
        if shape is not None and not shape.is_valid:
            why_not = shapely.is_valid_reason(shape)
            draft.shape = _repaired(shape)
            if draft.shape is None:
                _refuse(loading, draft, _BEYOND)
                continue
            loading.reject(
                reason="invalid-shape", hint=_REPAIRED, row=draft.row,
                said=f"{draft.code} {why_not}", severity="repaired",
            )  # fmt: skip
        kept.append(draft)
    return kept


def _refuse(loading: Loading, draft: FeatureDraft, why: Text) -> None:
    loading.reject(reason="bad-shape", hint=why, row=draft.row, said=draft.code)


def _repaired(shape: BaseGeometry) -> BaseGeometry | None:
    made: Any = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    same = _POLYGONS if shape.geom_type in _POLYGONS else _LINES
    parts = [one for one in shapely.get_parts(made) if one.geom_type in same and not one.is_empty]
    if not parts or shape.geom_type not in _POLYGONS | _LINES:
        return None
    flat = shapely.get_parts(parts)
    if len(flat) == 1:
        single: BaseGeometry = flat[0]
        return single
    many = shapely.MultiPolygon if same is _POLYGONS else shapely.MultiLineString
    return many(list(flat))


def _is_torn(shape: BaseGeometry) -> bool:
    west, _, east, _ = shape.bounds
    if east - west <= _HALF_WORLD_DEG or shape.geom_type in {"Point", "MultiPoint"}:
        return False
    outline: Any = shapely.boundary(shape) if shape.geom_type in _POLYGONS else shape
    return any(_jumps(shapely.get_coordinates(line)) for line in shapely.get_parts(outline))


def _jumps(points: Any) -> bool:  # noqa: ANN401  (coordinates of a line)
    steps = np.abs(np.diff(points[:, 0]))
    # Around a pole a shape of longitudes and latitudes runs along the edge of the map.
    at_pole = (np.abs(points[:-1, 1]) == _POLE_DEG) & (np.abs(points[1:, 1]) == _POLE_DEG)
    return bool(((steps > _HALF_WORLD_DEG) & (steps < _WORLD_DEG) & ~at_pole).any())


_REPAIRED: Final = Text(
    th="รูปร่างไม่ถูกต้อง ซ่อมด้วย make_valid", en="The shape was invalid; repaired with make_valid"
)
_BEYOND: Final = Text(
    th="รูปร่างไม่ถูกต้องและซ่อมไม่ได้ (ไม่มีพื้นที่หรือความยาว)",
    en="The shape is invalid and nothing is left of it when it is repaired",
)
_TORN: Final = Text(
    th="รูปร่างข้ามเส้น 180 องศา โปรดแบ่งที่เส้นนั้น (RFC 7946)",
    en="The shape crosses 180 degrees; split it there (RFC 7946, 3.1.9)",
)
