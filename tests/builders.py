"""A tiny country, built row by row, whose every number is known by heart.

Two provinces, two districts each, ten sub-districts (rectangles near lon 100, lat 14, one of
them without a shape), nine organisations and two years. What is told here is asserted in the
tests; nothing is read from the code under test::

    y 14.2 +----------------+----------------+---------+---------+
           |     500201     |     500202     | 510201  | 510202  |   510203 has no shape
    y 14.1 +----------+-----+----+-----------+---------+---------+
           |  500101  |  500102  |  500103   | 510101  | 510102  |
    y 14.0 +----------+----------+-----------+---------+---------+
         100.0      100.1      100.2       100.3     100.4     100.5
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from importlib import import_module
from types import ModuleType

from geoalchemy2.shape import from_shape
from shapely import MultiPolygon, Point, box, union_all
from sqlalchemy import text
from sqlalchemy.orm import Session

from boundaries.models import Area, Org, OrgCode, OrgCoverage, RegionMember, RegionScheme
from geo_service.core.models import Dataset, DatasetVersion, IngestRun
from layers.models import Feature, FeatureLayer, Indicator, Observation, PeriodRow

#: lon/lat of the lower left and upper right corner, degrees EPSG:4326
SUBDISTRICTS = {
    "500101": ("บางแก้ว", "Bang Kaeo", (100.0, 14.0, 100.1, 14.1)),
    "500102": ("หนองบัว", "Nong Bua", (100.1, 14.0, 100.2, 14.1)),
    "500103": ("ท่าช้าง", "Tha Chang", (100.2, 14.0, 100.3, 14.1)),
    "500201": ("ดอนเมือง", "Don Mueang", (100.0, 14.1, 100.15, 14.2)),
    "500202": ("ป่าไผ่", "Pa Phai", (100.15, 14.1, 100.3, 14.2)),
    "510101": ("ในเมือง", "Nai Mueang", (100.3, 14.0, 100.4, 14.1)),
    "510102": ("ศรีน้ำคำ", "Si Nam Kham", (100.4, 14.0, 100.5, 14.1)),
    "510201": ("ห้วยทราย", "Huai Sai", (100.3, 14.1, 100.4, 14.2)),
    "510202": ("หนองบัว", "Nong Bua", (100.4, 14.1, 100.5, 14.2)),
    "510203": ("เกาะลอย", "Ko Loi", None),
}
DISTRICTS = {
    "5001": ("เมืองแสนสุข", "Mueang Saen Suk"),
    "5002": ("บ้านดอน", "Ban Don"),
    "5101": ("เมืองร่มเย็น", "Mueang Rom Yen"),
    "5102": ("ทุ่งทอง", "Thung Thong"),
}
PROVINCES = {"50": ("แสนสุข", "Saen Suk"), "51": ("ร่มเย็น", "Rom Yen")}
REGION_SCHEME = "ngc6"
REGION = "ngc6-1"

#: code -> kind, name, district, sub-districts covered with (extent, share of area, of people)
ORGS = {
    "2500101": ("PAO", "อบจ.แสนสุข", None, {}),
    "2510101": ("PAO", "อบจ.ร่มเย็น", None, {}),
    "3500101": ("city", "เทศบาลนครแสนสุข", "5001", {"500101": ("whole", 1.0, 1.0)}),
    "4500102": ("town", "เทศบาลเมืองหนองบัว", "5001", {"500102": ("part", 0.25, 0.4)}),
    "6500103": ("SAO", "อบต.ท่าช้าง", "5001",
                {"500102": ("part", 0.75, 0.6), "500103": ("whole", 1.0, 1.0)}),
    "6500201": ("SAO", "อบต.ดอนเมือง", "5002",
                {"500201": ("whole", 1.0, 1.0), "500202": ("whole", 1.0, 1.0)}),
    "5510101": ("subdistrict_municipality", "เทศบาลตำบลในเมือง", "5101",
                {"510101": ("whole", 1.0, 1.0), "510102": ("whole", 1.0, 1.0)}),
    "6510201": ("SAO", "อบต.ห้วยทราย", "5102", {"510201": ("whole", 1.0, 1.0)}),
    "6510202": ("SAO", "อบต.หนองบัว", "5102",
                {"510202": ("whole", 1.0, 1.0), "510203": ("whole", 1.0, 1.0)}),
}  # fmt: skip

#: persons on 31 December 2024; 2023 was 100 fewer everywhere; None: not reported
POPULATION_2024 = {
    "500101": 12_000, "500102": 6_000, "500103": 3_000, "500201": 4_000, "500202": 2_000,
    "510101": 8_000, "510102": 5_000, "510201": 1_000, "510202": None, "510203": 500,
}  # fmt: skip
#: persons aged 60 and over in 2024 only; 0 is a true zero, 3 is fewer than may be shown (P2: 5)
ELDERLY_2024 = {
    "500101": 2_400, "500102": 900, "500103": 600, "500201": 1_000, "500202": 0,
    "510101": 2_000, "510102": 3, "510201": 250, "510202": None, "510203": 100,
}  # fmt: skip
#: tonnes a day in 2024 by organisation; 6510202 sent nothing at all, not even a blank
WASTE_2024 = {
    "3500101": 18.0, "4500102": 3.0, "6500103": 2.5, "6500201": 0.0,
    "5510101": 8.0, "6510201": None,
}  # fmt: skip
#: tonnes a day in 2023, known by province only
WASTE_2023 = {"50": 24.0, "51": 10.0}


@dataclass(frozen=True)
class SmallCountry:
    """What was built: row ids by public code."""

    areas: dict[str, int] = field(default_factory=dict)
    orgs: dict[str, int] = field(default_factory=dict)
    version_id: int = 0


def build_small_country(session: Session) -> SmallCountry:
    """Add the tiny country and prepare its values, without committing."""
    version_id = add_version(session, "test-areas", kind="boundaries")
    country = SmallCountry(version_id=version_id)
    _add_areas(session, country)
    _add_orgs(session, country)
    _add_indicators(session)
    _add_observations(session, country)
    _add_facilities(session, country)
    session.flush()
    session.expire_all()
    prepare(session)
    return country


def prepare(session: Session) -> None:
    """Bring everything derived up to date, as a load does; parts not there yet are passed over."""
    if versions := module_of("layers.versions"):
        versions.bump(session, ["areas", "orgs", "catalogue", "layer:health-centres"])
    if refresh := module_of("ingest.refresh"):
        refresh.refresh(session, resolutions="5-7")
    elif place_values := module_of("layers.place_values"):
        place_values.rebuild(session)


def module_of(name: str) -> ModuleType | None:
    """Import a module, or give None when it does not exist (errors inside it still show)."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and name.startswith(error.name):
            return None
        raise


def add_version(session: Session, dataset_id: str, *, kind: str, is_sample: bool = False) -> int:
    """Add a data set with one committed load; return the id of its version."""
    session.add(
        Dataset(
            id=dataset_id,
            kind=kind,
            title_th=f"ชุดข้อมูลทดสอบ {dataset_id}",
            title_en=f"Test data set {dataset_id}",
            publisher_th="ผู้ทดสอบ",
            publisher_en="Testers",
            licence="CC0-1.0",
            attribution_th="ข้อมูลทดสอบ",
            attribution_en="Test data",
            is_sample=is_sample,
            version=1,
        )
    )
    session.flush()
    run = IngestRun(
        dataset_id=dataset_id, recipe="test", recipe_sha256="0" * 64, file_name="test.csv",
        file_sha256="1" * 64, file_bytes=1, status="loaded", rows_read=1, rows_loaded=1,
    )  # fmt: skip
    session.add(run)
    session.flush()
    version = DatasetVersion(dataset_id=dataset_id, version=1, run_id=run.id)
    session.add(version)
    session.flush()
    return version.id


def _add_areas(session: Session, country: SmallCountry) -> None:
    shapes = {code: box(*corner) for code, (_, _, corner) in SUBDISTRICTS.items() if corner}

    def add(level: str, code: str, names: tuple[str, str], parent: str | None) -> None:
        inside = [
            shape for key, shape in shapes.items() if code in {"TH", REGION} or key.startswith(code)
        ]
        shape = union_all(inside) if inside else None
        area = Area(
            level=level,
            scheme=REGION_SCHEME if level == "region" else None,
            code=code,
            name_th=names[0],
            name_en=names[1],
            parent_id=country.areas[parent] if parent else None,
            geom=from_shape(MultiPolygon([shape]), srid=4326) if shape else None,
            point=from_shape(shape.representative_point(), srid=4326) if shape else None,
            version_id=country.version_id,
            shape_version_id=country.version_id if shape else None,
        )
        session.add(area)
        session.flush()
        country.areas[code] = area.id

    session.add(RegionScheme(id=REGION_SCHEME, name_th="ภูมิภาคทดสอบ", name_en="Test regions"))
    session.flush()
    add("country", "TH", ("ประเทศไทย", "Thailand"), None)
    add("region", REGION, ("ภาคทดสอบ", "Test region"), "TH")
    for code, names in PROVINCES.items():
        add("province", code, names, "TH")
        session.add(RegionMember(region_id=country.areas[REGION], province_code=code))
    for code, names in DISTRICTS.items():
        add("district", code, names, code[:2])
    for code, (name_th, name_en, _) in SUBDISTRICTS.items():
        add("subdistrict", code, (name_th, name_en), code[:4])
    session.execute(
        text("UPDATE geo.area SET area_km2 = ST_Area(geom::geography) / 1e6 WHERE geom IS NOT NULL")
    )


def _add_orgs(session: Session, country: SmallCountry) -> None:
    version_id = add_version(session, "test-orgs", kind="organisations")
    for number, (code, (kind, name, district, covers)) in enumerate(ORGS.items()):
        province = code[1:3]
        point = Point(100.05 + 0.04 * number, 14.05)
        org = Org(
            code=code,
            kind=kind,
            tier="upper" if kind == "PAO" else "lower",
            name_th=name,
            name_en=f"{kind} {code}",
            province_id=country.areas[province],
            district_id=country.areas[district] if district else None,
            # One organisation has no known office: maps and lists must live with that.
            point=None if code == "6510202" else from_shape(point, srid=4326),
            point_source="none" if code == "6510202" else "office",
            version_id=version_id,
        )
        session.add(org)
        session.flush()
        country.orgs[code] = org.id
        session.add(OrgCode(org_id=org.id, system="dla", code=code))
        for area_code, (extent, share_area, share_pop) in covers.items():
            session.add(
                OrgCoverage(
                    org_id=org.id,
                    area_id=country.areas[area_code],
                    extent=extent,
                    share_area=share_area,
                    share_pop=share_pop,
                    share_method="whole" if extent == "whole" else "stated",
                )
            )


def _add_indicators(session: Session) -> None:
    def add(key: str, names: tuple[str, str], unit: tuple[str, str], **rest: object) -> None:
        session.add(
            Indicator(
                key=key, name_th=names[0], name_en=names[1], unit_th=unit[0], unit_en=unit[1],
                **{"theme": "population", "space_agg": "SUM", "time_agg": "LAST", **rest},
            )
        )  # fmt: skip

    people, tpd = ("คน", "persons"), ("ตัน/วัน", "t/day")
    add("pop_total", ("ประชากรตามทะเบียนราษฎร", "Registered population"), people, number=1)
    add("pop_60p", ("ประชากรสูงอายุ 60 ปีขึ้นไป", "Population aged 60 and over"), people,
        number=2, theme="ageing", privacy="P2")  # fmt: skip
    add("age_share_60p", ("ร้อยละผู้สูงอายุ 60+", "Share aged 60 and over"), ("ร้อยละ", "%"),
        number=3, theme="ageing", space_agg="RATIO", privacy="P1", decimals=1, factor=100,
        numerator_keys=["pop_60p"], denominator_key="pop_total",
        thresholds=[
            {"value": value, "label_th": th, "label_en": en, "authority": "UN"}
            for value, th, en in (
                (10, "สังคมสูงวัย", "aged"), (20, "สังคมสูงวัยสมบูรณ์", "complete aged"),
                (28, "สังคมสูงวัยระดับสุดยอด", "super-aged"),
            )
        ])  # fmt: skip
    add("waste_gen_tpd", ("ปริมาณขยะมูลฝอยชุมชน", "Municipal solid waste generated"), tpd,
        number=4, theme="waste", time_agg="MEAN_DAYS", direction=-1, decimals=1)  # fmt: skip
    add("waste_gen_rate", ("อัตราการเกิดขยะ", "Waste generation rate"),
        ("กก./คน/วัน", "kg/person/day"), number=5, theme="waste", space_agg="RATIO",
        time_agg="RATIO", direction=-1, decimals=2, factor=1000,
        numerator_keys=["waste_gen_tpd"], denominator_key="pop_total")  # fmt: skip
    for year in (2023, 2024):
        session.add(
            PeriodRow(
                key=f"{year}", calendar="gregorian", granularity="year",
                start=date(year, 1, 1), end=date(year, 12, 31),
                label_th=f"พ.ศ. {year + 543}", label_en=f"{year} (B.E. {year + 543})",
            )
        )  # fmt: skip
    session.flush()


def _add_observations(session: Session, country: SmallCountry) -> None:
    population = add_version(session, "test-population", kind="indicators")
    waste = add_version(session, "test-waste", kind="indicators")
    earlier = {code: value and value - 100 for code, value in POPULATION_2024.items()}
    for key, period, values, places, version_id in (
        ("pop_total", "2024", POPULATION_2024, country.areas, population),
        ("pop_total", "2023", earlier, country.areas, population),
        ("pop_60p", "2024", ELDERLY_2024, country.areas, population),
        ("waste_gen_tpd", "2024", WASTE_2024, country.orgs, waste),
        ("waste_gen_tpd", "2023", WASTE_2023, country.areas, waste),
    ):
        for row, (code, value) in enumerate(values.items(), start=2):
            session.add(
                Observation(
                    indicator_key=key,
                    area_id=places[code] if places is country.areas else None,
                    org_id=places[code] if places is country.orgs else None,
                    period_key=period,
                    value=value,
                    status=status_of(value),
                    source_row=row,
                    dataset_id="test-population" if version_id == population else "test-waste",
                    version_id=version_id,
                )
            )


def status_of(value: float | None) -> str:
    """Tell a reported value, a true zero and a missing one apart."""
    if value is None:
        return "not_reported"
    return "zero" if value == 0 else "reported"


def _add_facilities(session: Session, country: SmallCountry) -> None:
    version_id = add_version(session, "test-facilities", kind="features")
    session.add(
        FeatureLayer(
            id="health-centres",
            title_th="รพ.สต. ทดสอบ",
            title_en="Test health centres",
            theme="infrastructure",
            geometry_type="Point",
            properties={"beds": {"type": "integer", "title_th": "เตียง", "title_en": "Beds"}},
            dataset_id="test-facilities",
        )
    )
    session.flush()
    for number, (code, area, where) in enumerate(
        (
            ("h1", "500101", (100.05, 14.05)),
            ("h2", "500102", (100.12, 14.03)),
            ("h3", "510203", None),
        )
    ):
        session.add(
            Feature(
                layer_id="health-centres", code=code, name_th=f"รพ.สต. {code}",
                name_en=f"Centre {code}", area_id=country.areas[area],
                geom=from_shape(Point(where), srid=4326) if where else None,
                properties={"beds": number}, version_id=version_id,
            )
        )  # fmt: skip
