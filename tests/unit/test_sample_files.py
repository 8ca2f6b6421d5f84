"""The shipped sample files by themselves: their counts, their shapes, their published totals."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

SAMPLE = files("ingest") / "sample"
MEGABYTE = 1_000_000
#: About a metre: the grid on which all borders are noded.
GRID_DEG = 1e-5


@cache
def rows(name: str) -> list[dict[str, str]]:
    content = gzip.decompress((SAMPLE / f"{name}.csv.gz").read_bytes()).decode()
    return list(csv.DictReader(io.StringIO(content)))


@cache
def shapes(level: str) -> dict[str, shapely.Geometry]:
    content = json.loads(gzip.decompress((SAMPLE / f"{level}.geojson.gz").read_bytes()))
    return {one["properties"]["code"]: shape(one["geometry"]) for one in content["features"]}


def total(name: str, column: str, **only: str) -> float:
    chosen = [row for row in rows(name) if all(row[key] == said for key, said in only.items())]
    assert chosen
    return sum(float(row[column]) for row in chosen if row[column][0].isdigit())


def test_all_files_together_are_under_ten_megabytes() -> None:
    packed = [entry for entry in SAMPLE.iterdir() if entry.name.endswith(".gz")]
    assert sum(len(entry.read_bytes()) for entry in packed) < 10 * MEGABYTE


def test_compressed_files_hold_no_time_of_writing() -> None:
    for entry in SAMPLE.iterdir():
        if entry.name.endswith(".gz"):
            assert entry.read_bytes()[4:8] == b"\0\0\0\0", entry.name


@pytest.mark.parametrize(
    ("level", "count"), [("provinces", 77), ("districts", 928), ("subdistricts", 7436)]
)
def test_every_level_is_a_valid_coverage(level: str, count: int) -> None:
    found = np.array(list(shapes(level).values()))
    assert len(found) == count
    assert shapely.is_valid(found).all()
    assert shapely.coverage_is_valid(found)


@pytest.mark.parametrize(
    ("fine", "coarse", "digits"), [("subdistricts", "districts", 4), ("districts", "provinces", 2)]
)
def test_areas_nest_exactly(fine: str, coarse: str, digits: int) -> None:
    groups: dict[str, list[shapely.Geometry]] = {}
    for code, geometry in shapes(fine).items():
        groups.setdefault(code[:digits], []).append(geometry)
    assert groups.keys() == shapes(coarse).keys()
    for code, parts in groups.items():
        united = shapely.coverage_union_all(parts)
        assert shapely.equals(united, shapes(coarse)[code]), code


def test_borders_stand_on_one_grid() -> None:
    at = shapely.get_coordinates(list(shapes("subdistricts").values()))
    assert np.abs(at / GRID_DEG - np.rint(at / GRID_DEG)).max() < 1e-4


def test_bueng_kan_has_its_own_name_and_place() -> None:
    content = json.loads(gzip.decompress((SAMPLE / "provinces.geojson.gz").read_bytes()))
    names = {one["properties"]["code"]: one["properties"]["name_th"] for one in content["features"]}
    assert names["38"] == "บึงกาฬ"
    assert names["43"] == "หนองคาย"
    assert shapely.contains_xy(shapes("provinces")["38"], 103.65, 18.36)
    assert shapely.contains_xy(shapes("provinces")["10"], 100.50, 13.75)
    assert shapely.contains_xy(shapes("provinces")["50"], 98.98, 18.79)


def test_islands_are_their_own_districts() -> None:
    samui, phangan = shapes("districts")["8404"], shapes("districts")["8405"]
    assert shapely.contains_xy(samui, 100.0, 9.5)
    assert not shapely.touches(samui, phangan)


def test_organisations_are_as_many_of_each_kind_as_published() -> None:
    assert Counter(row["kind"] for row in rows("organisations")) == {
        "PAO": 76, "city": 30, "town": 195, "subdistrict_municipality": 2247, "SAO": 5300,
        "BMA": 1, "Pattaya": 1,
    }  # fmt: skip
    assert len({row["code"] for row in rows("organisations")}) == 7850


def test_organisations_share_sub_districts_as_they_do_in_practice() -> None:
    lower = [row for row in rows("organisations") if row["kind"] not in {"PAO", "BMA"}]
    covers = [row["covers"].split(";") for row in lower]
    shared = Counter(one.partition(":")[0] for row in covers for one in row)
    assert sum(map(len, covers)) == 8589
    assert sum(len(row) == 1 and row[0].endswith(":c") for row in covers) == 5468
    assert sum(len(row) > 1 for row in covers) == 529
    assert max(map(len, covers)) == 14
    assert Counter(shared.values()) == {1: 5954, 2: 1272, 3: 29, 4: 1}


def test_shares_of_a_sub_district_add_up_to_one() -> None:
    area: Counter[str] = Counter()
    people: Counter[str] = Counter()
    for row in rows("organisations"):
        if row["kind"] != "PAO":
            for one, shares in zip(row["covers"].split(";"), row["shares"].split(";"), strict=True):
                share_area, share_pop = map(float, shares.split("/"))
                area[one[:6]] += share_area
                people[one[:6]] += share_pop
                assert one.endswith(":c") == (share_area == 1)
    assert area.keys() == shapes("subdistricts").keys()
    assert max(abs(one - 1) for one in [*area.values(), *people.values()]) < 1e-9


def test_no_two_organisations_of_one_district_share_kind_and_name() -> None:
    seen = Counter(
        (row["kind"], row["name_th"], row["district_code"]) for row in rows("organisations")
    )
    assert max(seen.values()) == 1
    bare = Counter(row["name_th"] for row in rows("organisations"))
    assert sum(count for count in bare.values() if count > 1) > 3000


def test_offices_lie_inside_a_sub_district_they_cover() -> None:
    for row in rows("organisations")[::37]:
        if row["kind"] not in {"PAO", "BMA"}:
            first = shapes("subdistricts")[row["covers"].split(";")[0].partition(":")[0]]
            assert (
                shapely.distance(first, shapely.Point(float(row["lon"]), float(row["lat"]))) < 1e-9
            )


@pytest.mark.parametrize(
    ("name", "column", "only", "published"),
    [
        ("population", "pop_2564", {}, 66_171_439),
        ("population", "pop_2567", {}, 64_989_504),
        ("population_latent", "pop_latent", {"year_be": "2566"}, 9_250_000),
        ("ages_subdistrict", "pop_60p", {"year_be": "2567"}, 13_450_391),
        ("age_bands_district", "pop_60_69", {"year_be": "2567"}, 7_593_731),
        ("age_bands_district", "pop_70_79", {"year_be": "2567"}, 3_987_082),
        ("age_bands_district", "pop_80_89", {"year_be": "2567"}, 1_516_689),
        ("age_bands_district", "pop_90p", {"year_be": "2567"}, 311_470 + 41_419),
        ("allowances_district", "oaa_recipients", {"fiscal_year_be": "2560"}, 8_157_175),
        ("allowances_district", "dis_allow_recipients", {"fiscal_year_be": "2560"}, 1_491_947),
        ("disability_district", "dis_card", {"year_be": "2561"}, 1_916_828),
        ("waste_province", "waste_gen_tpd", {"year_be": "2560"}, 74_998),
        ("waste_province", "waste_utilised_tpd", {"year_be": "2560"}, 23_319),
        ("waste_province", "waste_proper_tpd", {"year_be": "2560"}, 32_022),
        ("waste_province", "waste_proper_tpd", {"year_be": "2563"}, 24_962),
        ("waste_province", "waste_gen_tpd", {"year_be": "2565"}, 70_411),
        ("waste_province", "waste_utilised_tpd", {"year_be": "2565"}, 24_203),
        ("waste_province", "waste_proper_tpd", {"year_be": "2565"}, 26_889),
        ("waste_province", "waste_improper_tpd", {"year_be": "2565"}, 19_319),
        ("waste_province", "waste_backlog_t", {"year_be": "2564"}, 7_500_000),
        ("waste_sites_province", "waste_sites_n", {"year_be": "2562"}, 2_666),
        ("waste_sites_province", "waste_transfer_n", {"year_be": "2562"}, 25),
        ("waste_sites_province", "waste_sites_n", {"year_be": "2564"}, 116 + 2_021),
        ("waste_sites_province", "waste_transfer_n", {"year_be": "2564"}, 31),
        ("works_province", "road_local_km", {"year_be": "2559"}, 352_465.5),
        ("works_province", "road_local_km", {"year_be": "2562"}, 597_667),
        ("health_centres_district", "phc_n", {"fiscal_year_be": "2567"}, 9_872),
        ("health_centres_district", "phc_pao_n", {"fiscal_year_be": "2567"}, 4_276),
        ("finance_province", "rev_total", {"fiscal_year_be": "2561"}, 720_822e6),
        ("finance_province", "rev_own", {"fiscal_year_be": "2561"}, 112_000e6),
        ("finance_province", "rev_grants", {"fiscal_year_be": "2561"}, 263_922e6),
    ],
)  # fmt: skip
def test_totals_are_the_published_ones(
    name: str, column: str, only: dict[str, str], published: float
) -> None:
    assert total(name, column, **only) == pytest.approx(published, rel=1e-9)


@pytest.mark.parametrize(
    ("year_be", "days", "published_mt"),
    [(2559, 366, 27.06), (2560, 365, 27.37), (2561, 365, 27.93), (2562, 365, 28.71),
     (2564, 365, 24.98)],
)  # fmt: skip
def test_yearly_tonnes_are_the_published_ones(year_be: int, days: int, published_mt: float) -> None:
    tonnes = total("waste_province", "waste_gen_tpd", year_be=str(year_be)) * days
    assert round(tonnes / 1e6, 2) == published_mt


@pytest.mark.parametrize(("year_be", "published"), [("2560", 1.13), ("2561", 1.15), ("2562", 1.18)])
def test_waste_per_person_is_the_published_rate(year_be: str, published: float) -> None:
    tonnes = total("waste_province", "waste_gen_tpd", year_be=year_be)
    source = "population" if int(year_be) >= 2562 else "population_district"
    assert round(tonnes * 1000 / total(source, f"pop_{year_be}"), 2) == published


def test_waste_is_the_sum_of_its_parts() -> None:
    for name in ("waste_province", "waste_org"):
        for row in rows(name):
            if row["waste_gen_tpd"] != "-":
                parts = [
                    float(row[f"waste_{one}_tpd"]) for one in ("utilised", "proper", "improper")
                ]
                assert sum(parts) == pytest.approx(float(row["waste_gen_tpd"]), abs=0.005), row


def test_published_ratios_come_out() -> None:
    older = total("ages_subdistrict", "pop_60p", year_be="2567")
    children = total("ages_subdistrict", "pop_0_14", year_be="2567")
    assert round(100 * older / children, 1) == 127.4
    older = total("ages_district", "pop_60p", year_be="2563")
    working = total("ages_district", "pop_15_59", year_be="2563")
    assert round(100 * older / working, 1) == 27.3
    scores = [row["lpa_score"] for row in rows("lpa_org") if row["fiscal_year_be"] == "2564"]
    passed = sum(score[0].isdigit() and float(score) >= 70 for score in scores)
    assert passed == 7754


GROUPS = [f"{low}-{low + 4}" for low in range(0, 85, 5)] + ["85+"]


@pytest.mark.parametrize("year_be", ["2557", "2562"])
def test_ages_of_five_years_are_the_other_ages_divided(year_be: str) -> None:
    fine = {
        row["code"]: row for row in rows("five_year_ages_district") if row["year_be"] == year_be
    }
    wide = {row["code"]: row for row in rows("ages_district") if row["year_be"] == year_be}
    assert fine.keys() == wide.keys()
    for code, row in fine.items():
        people = [int(row[group]) for group in GROUPS]
        assert min(people) > 0
        told = {
            key: int(wide[code][key]) for key in ("pop_0_14", "pop_15_59", "pop_60p", "pop_80p")
        }
        assert sum(people[:3]) == told["pop_0_14"]
        assert sum(people[3:12]) == told["pop_15_59"]
        assert sum(people[12:]) == told["pop_60p"]
        assert sum(people[16:]) == told["pop_80p"]


@pytest.mark.parametrize("year_be", ["2557", "2562", "2567"])
def test_both_sexes_of_a_province_are_the_people_of_its_districts(year_be: str) -> None:
    districts = [row for row in rows("five_year_ages_district") if row["year_be"] == year_be]
    for row in rows("ages_by_sex_province"):
        if row["year_be"] != year_be:
            continue
        inside = [one for one in districts if one["code"].startswith(row["code"])]
        for group in GROUPS:
            both = int(row[f"m_{group}"]) + int(row[f"f_{group}"])
            assert both == sum(int(one[group]) for one in inside)
        assert int(row["m"]) == sum(int(row[f"m_{group}"]) for group in GROUPS)
        assert int(row["f"]) == sum(int(row[f"f_{group}"]) for group in GROUPS)


def test_every_kind_of_emptiness_occurs() -> None:
    said = [row[column] for name, column in (
        ("waste_org", "waste_proper_tpd"), ("child_centres_org", "cdc_children"),
    ) for row in rows(name)]  # fmt: skip
    assert {"-", "0", "ไม่เกี่ยวข้อง"} <= set(said)


def test_facilities_are_as_many_as_published_and_lie_in_their_sub_district() -> None:
    content = json.loads(gzip.decompress((SAMPLE / "waste_sites.geojson.gz").read_bytes()))
    kinds = Counter(one["properties"]["site_type"] for one in content["features"])
    proper = ("SLF", "COMPOST", "WTE", "INC_APC", "MBT", "RDF", "MIXED")
    assert sum(kinds[kind] for kind in proper) == 116
    assert kinds["TRANSFER"] == 31
    assert kinds["OPEN_DUMP"] == 1707
    assert sum(kinds.values()) == 116 + 2021 + 31
    for name in ("waste_sites", "older_person_centres", "health_centres"):
        layer = json.loads(gzip.decompress((SAMPLE / f"{name}.geojson.gz").read_bytes()))
        for one in layer["features"][::29]:
            home = shapes("subdistricts")[one["properties"]["subdistrict_code"]]
            assert shapely.distance(home, shape(one["geometry"])) < 2 * GRID_DEG
