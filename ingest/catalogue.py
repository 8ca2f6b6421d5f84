"""The catalogue shipped with the code, brought into the database.

What is measured, the region schemes, the types of disposal sites and the breaks of series
live as TOML files in ``layers/catalogue``. ``sync`` writes what differs and nothing else, so
it runs at every start. Rows that a user added are left alone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionMember, RegionScheme
from geo_service.core.db import fixed_sql
from layers import versions
from layers.models import Indicator, SeriesBreak, SiteType

NOT_INDICATORS = {"identities", "regions", "site_types", "series_breaks"}
COUNTRY = {"level": "country", "code": "TH", "name_th": "ประเทศไทย", "name_en": "Thailand"}


def sync(session: Session) -> None:
    """Make the database say what the shipped catalogue says; the caller commits.

    Parameters
    ----------
    session : Session
        Open in a transaction. Versions ``catalogue`` and ``areas`` rise when something changed.
    """
    changed = [
        *write_rows(session, Indicator.__table__, list(_indicators()), "key"),
        *write_rows(session, SiteType.__table__, list(_site_types()), "code"),
        *write_rows(session, SeriesBreak.__table__, list(_breaks()), "indicator_key, effective"),
        *write_rows(session, RegionScheme.__table__, list(_schemes()), "id"),
    ]
    if changed:
        versions.bump(session, ["catalogue"])
    if _write_regions(session) + derive_codes(session):
        versions.bump(session, ["areas"])


def derive_codes(session: Session) -> int:
    """Give areas the codes that follow from their DOPA code; the caller commits.

    ISO 3166-2 for provinces (``TH-50``) and the P-code of OCHA for the country, provinces,
    districts and sub-districts (``TH5001``).

    Parameters
    ----------
    session : Session
        Open in a transaction.

    Returns
    -------
    int
        How many codes were added.
    """
    return len(session.execute(fixed_sql("ingest", "derive_codes")).all())


def write_rows(session: Session, table: Any, rows: list[dict[str, Any]], keys: str) -> list[str]:  # noqa: ANN401  (SQLAlchemy types __table__ as FromClause)
    """Insert what is missing and update what differs; the caller commits.

    Parameters
    ----------
    session : Session
        Open in a transaction.
    table : Table
        One of the catalogue.
    rows : list of dict
        All with the same columns.
    keys : str
        Columns that tell rows apart, with commas.

    Returns
    -------
    list of str
        The first key of each row written.
    """
    if not rows:
        return []
    on = keys.split(", ")
    statement = insert(table).values(rows)
    statement = _update_if_different(
        statement, table, [name for name in rows[0] if name not in on], on
    )
    return list(session.scalars(statement.returning(table.c[on[0]])))


@cache
def _document(name: str) -> dict[str, Any]:
    path = files("layers") / "catalogue" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _indicators() -> Iterator[dict[str, Any]]:
    names = sorted(
        entry.name.removesuffix(".toml")
        for entry in (files("layers") / "catalogue").iterdir()
        if entry.name.endswith(".toml")
    )
    for name in names:
        if name in NOT_INDICATORS:
            continue
        document = _document(name)
        defaults = document.get("defaults", {})
        for key, said in document.items():
            if key != "defaults":
                yield indicator_row(key, defaults | said)


def shipped_keys() -> frozenset[str]:
    """List the indicators that the code brings along.

    Returns
    -------
    frozenset of str
        Parts of indicators included.
    """
    return frozenset(row["key"] for row in _indicators())


def indicator_row(key: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what a file of the catalogue says of an indicator into a row of its table.

    Parameters
    ----------
    key : str
        Key of the indicator.
    said : mapping
        As in ``layers/catalogue/*.toml``.

    Returns
    -------
    dict
        Columns and values.
    """
    thresholds = [
        {
            "value": limit["value"],
            "label_th": limit["label"][0],
            "label_en": limit["label"][1],
            "authority": limit["authority"],
            **{end: str(limit[end]) for end in ("since", "until") if end in limit},
        }
        for limit in said.get("thresholds", [])
    ]
    return {
        "key": key,
        "number": said.get("number"),
        "theme": said["theme"],
        **_two("name", said["name"]),
        **_two("unit", said["unit"]),
        **_two("definition", said["about"]),
        "formula": said.get("formula", ""),
        "numerator_keys": said.get("numerator", []),
        "coefficients": said.get("coefficients", []),
        "denominator_key": said.get("denominator"),
        "denominator_max_age_years": said.get("denominator_max_age_years", 0),
        "factor": float(said.get("factor", 1)),
        "space_agg": said["space"],
        "time_agg": said["time"],
        "weight_key": said.get("weight"),
        "tier": said.get("tier", "lower"),
        "direction": said.get("direction", 0),
        "privacy": said.get("privacy", "P0"),
        "finest_level": said.get("finest", "subdistrict"),
        "calendar": said.get("calendar", "gregorian"),
        "decimals": said.get("decimals", 0),
        "ramp": said.get("ramp", ""),
        "thresholds": thresholds,
        "target": said.get("target"),
        "bounds": said.get("bounds", []),
        **_two("source", said.get("source", ["", ""])),
        "is_component": said.get("component", False),
    }


def _site_types() -> Iterator[dict[str, Any]]:
    for code, said in _document("site_types").items():
        yield {
            "code": code,
            **_two("name", said["name"]),
            "site_class": said["class"],
            "note": said.get("note", ""),
        }


def _breaks() -> Iterator[dict[str, Any]]:
    for said in _document("series_breaks")["break"]:
        for key in said["indicators"]:
            yield {
                "indicator_key": key,
                "effective": said["effective"],
                **_two("note", said["note"]),
                "source": said["source"],
            }


def _schemes() -> Iterator[dict[str, Any]]:
    for scheme, said in _document("regions").items():
        yield {"id": scheme, **_two("name", said["name"]), "source": said["source"]}


def _two(column: str, said: Sequence[str]) -> dict[str, str]:
    thai, english = said
    return {f"{column}_th": thai, f"{column}_en": english}


def _update_if_different(
    statement: Insert, table: Table, columns: list[str], on: list[str]
) -> Insert:
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=on,
        set_={name: new[name] for name in columns},
        where=func.row(*(table.c[name] for name in columns)).is_distinct_from(
            func.row(*(new[name] for name in columns))
        ),
    )


# Keeps the country and the regions as areas, says how many rows changed.
def _write_regions(session: Session) -> int:
    country, changed = _write_area(session, COUNTRY | {"scheme": None, "parent_id": None})
    for scheme, said in _document("regions").items():
        for place, region in enumerate(said["regions"], start=1):
            row = {
                "level": "region",
                "scheme": scheme,
                "code": f"{scheme}-{place}",
                **_two("name", region["name"]),
                "parent_id": country,
            }
            region_id, written = _write_area(session, row)
            members = _write_members(session, region_id, region["provinces"].split())
            changed += written + members
    return changed


def _write_area(session: Session, row: dict[str, Any]) -> tuple[int, int]:
    found = session.scalars(
        select(Area).where(Area.level == row["level"], Area.code == row["code"])
    ).first()
    if found is None:
        found = Area(**row)
        session.add(found)
        session.flush()
        return found.id, 1
    # A name that a boundary file brought for the country stands; regions are ours alone.
    different = row["level"] == "region" and any(
        getattr(found, name) != value for name, value in row.items()
    )
    if different:
        for name, value in row.items():
            setattr(found, name, value)
        session.flush()
    return found.id, int(different)


def _write_members(session: Session, region_id: int, provinces: list[str]) -> int:
    has = set(
        session.scalars(
            select(RegionMember.province_code).where(RegionMember.region_id == region_id)
        )
    )
    missing = [code for code in provinces if code not in has]
    session.add_all(RegionMember(region_id=region_id, province_code=code) for code in missing)
    session.flush()
    return len(missing)
