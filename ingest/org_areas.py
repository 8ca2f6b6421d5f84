"""The ground of organisations: shares of the sub-districts they cover, and shapes from them.

``boundaries.division`` has the two estimates; here they meet the tables. Until real boundaries
are loaded (``geom_source = 'official'``), a shape is ``coverage`` when only whole sub-districts
are covered, ``approximate`` when one is shared, ``province`` for PAOs and Bangkok.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from boundaries import division, geometry, queries
from boundaries.models import Area, Org, OrgCoverage
from geo_service.core.crs import STORAGE_SRID
from geo_service.core.db import SCHEMA, fixed_sql
from ingest.load import Loading
from ingest.org_drafts import OrgDraft

_PROVINCE_KINDS = ("PAO", "BMA")
#: Pieces are joined on a grid this fine (0.1 mm), which mends the rounding of their cuts.
_GRID_DEG = 1e-9
#: Sub-districts without a shape count as this large when shares are fitted, km2.
_UNKNOWN_KM2 = 20.0
#: Parts (0-1) of the area and of the people of sub-districts, by id.
Held = dict[int, tuple[float, float]]
#: Sub-districts without a population count as this many, persons.
_UNKNOWN_PERSONS = 5_000.0


@dataclass(frozen=True, slots=True)
class Share:
    """What one organisation has of one sub-district; parts of it, 0-1."""

    area_id: int
    extent: str
    share_area: float
    share_pop: float
    method: str


def estimate_shares(
    session: Session, drafts: Sequence[OrgDraft], held: Held | None = None
) -> dict[str, list[Share]]:
    """Estimate who has how much of the sub-districts that several cover in part.

    Parameters
    ----------
    session : Session
        To read sizes and populations with.
    drafts : sequence of OrgDraft
        With what they cover, and their size (km2) and population (persons) when known.
    held : dict of int to (float, float), optional
        Parts (0-1) of sub-districts that others keep, from `held_by_others`: the rest is divided.

    Returns
    -------
    dict of str to list of Share
        By the organisation's code; the shares of a sub-district covered in part add up to 1,
        those of others included.
    """
    sizes, people = _sizes(session), _populations(session)
    pairs = [(at, one) for at, d in enumerate(drafts) for one, ext in d.covers.items()
             if ext == "part"]  # fmt: skip
    by_area = _fitted(
        drafts, pairs, known=sizes, unknown=_UNKNOWN_KM2, attribute="area_km2",
        free={one: 1 - of_area for one, (of_area, _) in (held or {}).items()},
    )  # fmt: skip
    by_people = _fitted(
        drafts, pairs, known=people, unknown=_UNKNOWN_PERSONS, attribute="population",
        free={one: 1 - of_people for one, (_, of_people) in (held or {}).items()},
    )  # fmt: skip
    shares: dict[str, list[Share]] = defaultdict(list)
    for draft in drafts:
        for area_id, extent in draft.covers.items():
            if extent == "whole":
                shares[draft.code].append(Share(area_id, "whole", 1.0, 1.0, "whole"))
    for (at, area_id), of_area, of_people in zip(pairs, by_area, by_people, strict=True):
        share = Share(area_id, "part", min(of_area, 1.0), min(of_people, 1.0), "estimated")
        shares[drafts[at].code].append(share)
    return dict(shares)


def held_by_others(
    session: Session, org_ids: Collection[int], inherited: Mapping[str, Sequence[Share]]
) -> Held:
    """Tell how much of the sub-districts shared by some organisations others keep.

    Parameters
    ----------
    session : Session
        To read what is covered with.
    org_ids : collection of int
        Organisations of the list; of the others those count that are in force.
    inherited : mapping of str to sequence of Share
        Shares of rows of the same list that are not estimated.

    Returns
    -------
    dict of int to (float, float)
        Parts (0-1) of area and people by sub-district. Where others claim all of it, nothing is
        told: the claims contradict each other, and the list's own are divided as if alone.
    """
    held: dict[int, tuple[float, float]] = {}
    columns = (OrgCoverage.area_id, OrgCoverage.share_area, OrgCoverage.share_pop)
    others = select(*columns).join(Org, Org.id == OrgCoverage.org_id)
    others = others.where(queries.in_force(Org), OrgCoverage.org_id.not_in(org_ids))
    own = [(one.area_id, one.share_area, one.share_pop)
           for shares in inherited.values() for one in shares]  # fmt: skip
    rows = [(row.area_id, row.share_area, row.share_pop) for row in session.execute(others)]
    for area_id, of_area, of_people in (*rows, *own):
        before = held.get(area_id, (0.0, 0.0))
        held[area_id] = (before[0] + of_area, before[1] + of_people)
    most = 1 - division.SMALLEST_SHARE
    return {one: parts for one, parts in held.items() if max(parts) < most}


def redraw(loading: Loading) -> int:
    """Draw every organisation's shape anew from what it covers, where that changes it.

    Parameters
    ----------
    loading : Loading
        Under way; organisations are remembered before they change.

    Returns
    -------
    int
        Number of organisations given another shape.
    """
    session = loading.session
    orgs = session.execute(queries.org_points()).all()
    if not orgs:
        return 0
    loading.progress("organisations", 0, len(orgs))
    shapes = {
        row.id: shapely.from_wkb(bytes(row.shape))
        for level in ("subdistrict", "province")
        for row in session.execute(queries.drawn_areas(level))
    }
    shapes |= {heir: shapes[old] for heir, old in session.execute(queries.heirs_without_shape())
               if old in shapes}  # fmt: skip
    covered = _covered(session)
    pieces = _pieces(orgs, covered, shapes)
    drawn: dict[int, tuple[Any, str]] = {}
    for row in orgs:
        if row.kind in _PROVINCE_KINDS:
            if row.province_id in shapes:
                drawn[row.id] = (shapes[row.province_id], "province")
        elif pieces.get(row.id):
            is_shared = any(extent == "part" for _, extent, _ in covered[row.id])
            united = shapely.union_all(pieces[row.id], grid_size=_GRID_DEG)
            drawn[row.id] = (united, "approximate" if is_shared else "coverage")
    return _write(loading, drawn)


def points_elsewhere(
    session: Session, points: Mapping[int, tuple[int, shapely.Point]], *, tolerance_km: float = 3.0
) -> dict[int, tuple[int, float]]:
    """Find points that lie in another province than they should.

    Parameters
    ----------
    session : Session
        To read provinces with.
    points : mapping of int to (province id, Point)
        By any key; points in EPSG:4326.
    tolerance_km : float
        Points this near (km) to their own province are taken for a matter of the border.

    Returns
    -------
    dict of int to (province id, float)
        By key, the province the point lies in and its distance from its own, km.
    """
    provinces = {
        row.id: shapely.from_wkb(bytes(row.shape))
        for row in session.execute(queries.drawn_areas("province"))
        if row.is_in_force
    }
    tree_ids, tree = list(provinces), shapely.STRtree(list(provinces.values()))
    found: dict[int, tuple[int, float]] = {}
    for key, (province_id, point) in points.items():
        own = provinces.get(province_id)
        if own is None or shapely.covers(own, point):
            continue
        distance = float(shapely.distance(own, point)) * geometry.METRES_PER_DEGREE / 1000
        inside = [tree_ids[at] for at in tree.query(point, predicate="within")]
        if inside and distance > tolerance_km:
            found[key] = (inside[0], distance)
    return found


def _fitted(
    drafts: Sequence[OrgDraft],
    pairs: Sequence[tuple[int, int]],
    *,
    known: Mapping[int, float],
    unknown: float,
    attribute: str,
    free: Mapping[int, float],
) -> list[float]:
    if not pairs:
        return []
    org_at, org_of = np.unique([at for at, _ in pairs], return_inverse=True)
    area_at, area_of = np.unique([area for _, area in pairs], return_inverse=True)
    rest = np.array([free.get(int(area), 1.0) for area in area_at])
    columns = rest * np.array([known.get(int(area)) or unknown for area in area_at])
    rows = np.full(len(org_at), np.nan)
    for number, at in enumerate(org_at):
        draft = drafts[int(at)]
        total = getattr(draft, attribute)
        whole = [known.get(one) for one, extent in draft.covers.items() if extent == "whole"]
        if total is not None and all(one is not None for one in whole):
            left = total - sum(one for one in whole if one is not None)
            rows[number] = left if left > 0 else np.nan
    sure = np.array([attribute in drafts[int(at)].sure for at in org_at])
    fitted = division.fit_shares(
        org_of.astype(np.int64), area_of.astype(np.int64),
        row_totals=rows, column_totals=columns, firm=sure,
    )  # fmt: skip
    return [float(one) for one in fitted * rest[area_of]]


def _sizes(session: Session) -> dict[int, float]:
    statement = select(Area.id, Area.area_km2).where(
        Area.level == "subdistrict", Area.area_km2.is_not(None)
    )
    return {area_id: float(size) for area_id, size in session.execute(statement) if size}


def _populations(session: Session) -> dict[int, float]:
    # The newest registered population that is loaded; none on a fresh database.
    statement = text(
        f"SELECT DISTINCT ON (o.area_id) o.area_id, o.value FROM {SCHEMA}.observation o"  # noqa: S608
        f" JOIN {SCHEMA}.area a ON a.id = o.area_id AND a.level = 'subdistrict'"
        f" JOIN {SCHEMA}.period p ON p.key = o.period_key"
        " WHERE o.indicator_key = 'pop_total' AND o.breakdown = '{}' AND o.value > 0"
        " ORDER BY o.area_id, p.end_date DESC"
    )
    return {row.area_id: float(row.value) for row in session.execute(statement)}


def _covered(session: Session) -> dict[int, list[tuple[int, str, float]]]:
    covered: dict[int, list[tuple[int, str, float]]] = defaultdict(list)
    columns = (OrgCoverage.org_id, OrgCoverage.area_id, OrgCoverage.extent, OrgCoverage.share_area)
    for org_id, area_id, extent, share in session.execute(select(*columns)):
        covered[org_id].append((area_id, extent, share))
    return covered


def _pieces(
    orgs: Sequence[Any],
    covered: Mapping[int, list[tuple[int, str, float]]],
    shapes: Mapping[int, Any],
) -> dict[int, list[Any]]:
    pieces: dict[int, list[Any]] = defaultdict(list)
    shared: dict[int, list[tuple[int, float, Any]]] = defaultdict(list)
    for row in orgs:
        point = None if row.x is None else shapely.Point(row.x, row.y)
        for area_id, extent, share in covered.get(row.id, ()):
            if area_id not in shapes:
                continue
            if extent == "whole":
                pieces[row.id].append(shapes[area_id])
            else:
                shared[area_id].append((row.id, share, point))
    for area_id, sharers in shared.items():
        total = sum(share for _, share, _ in sharers)
        parts = division.divide(
            shapes[area_id],
            [share / total for _, share, _ in sharers],
            [point for _, _, point in sharers],
        )
        for (org_id, _, _), part in zip(sharers, parts, strict=True):
            if not part.is_empty:
                pieces[org_id].append(part)
    return pieces


def _write(loading: Loading, drawn: Mapping[int, tuple[Any, str]]) -> int:
    session = loading.session
    ids = list(drawn)
    if not ids:
        return 0
    united = np.array([drawn[one][0] for one in ids], dtype=object)
    shapes = geometry.polygons_only(united)
    sizes = geometry.area_km2(shapes)
    there = session.execute(
        select(Org.id, func.ST_AsBinary(Org.geom), Org.geom_source).where(Org.id.in_(ids))
    )
    stored = {row[0]: (row[1] and bytes(row[1]), row[2]) for row in there}
    wanted = {
        one: (shapely.to_wkb(shape), drawn[one][1], float(size))
        for one, shape, size in zip(ids, shapes, sizes, strict=True)
        if not shape.is_empty and stored[one][1] != "official"
    }
    changed = [
        one for one, (binary, source, _) in wanted.items() if stored[one] != (binary, source)
    ]
    loading.remember("org", changed)
    # One statement: thousands of single updates take minutes on a busy machine.
    session.execute(
        fixed_sql("ingest", "draw_orgs"),
        {
            "ids": changed,
            "shapes": [wanted[one][0].hex() for one in changed],
            "sources": [wanted[one][1] for one in changed],
            "sizes": [wanted[one][2] for one in changed],
            "srid": STORAGE_SRID,
        },
    )
    session.expire_all()
    if changed:
        loading.touched.add("orgs")
    return len(changed)
