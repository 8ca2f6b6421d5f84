"""Load the embedded sample, file by file, through the ordinary ingest.

The files in ``ingest/sample`` are made by ``scripts/build_sample.py``; ``docs/sample.md`` says
what is real in them and what is made up. Each has a recipe of its own beside it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine

from geo_service.core.db import transaction
from geo_service.core.errors import Refused
from geo_service.core.text import Text
from ingest import catalogue
from ingest.gazetteers import Gazetteers
from ingest.load import Progress, silent
from ingest.pipeline import Way, ingest
from ingest.refresh import refresh
from ingest.report import Report

#: Places first, from large to small, and how many live there; then who governs them, how shared
#: places are divided being estimated from the people; then what is known about them.
FILES = (
    "provinces.geojson.gz",
    "districts.geojson.gz",
    "subdistricts.geojson.gz",
    "population_district.csv.gz",
    "population.csv.gz",
    "organisations.csv.gz",
    "waste_sites.geojson.gz",
    "older_person_centres.geojson.gz",
    "health_centres.geojson.gz",
    "households.csv.gz",
    "population_org.csv.gz",
    "households_org.csv.gz",
    "population_latent.csv.gz",
    "ages_subdistrict.csv.gz",
    "ages_district.csv.gz",
    "age_bands_district.csv.gz",
    "five_year_ages_district.csv.gz",
    "ages_by_sex_province.csv.gz",
    "elder_care_district.csv.gz",
    "allowances_district.csv.gz",
    "disability_district.csv.gz",
    "living_alone_district.csv.gz",
    "older_person_centres_district.csv.gz",
    "older_person_access_district.csv.gz",
    "waste_province.csv.gz",
    "waste_hazard_province.csv.gz",
    "waste_org.csv.gz",
    "waste_service_org.csv.gz",
    "waste_sites_province.csv.gz",
    "waste_site_types_province.csv.gz",
    "waste_site_load_province.csv.gz",
    "works_province.csv.gz",
    "works_org.csv.gz",
    "child_centres_org.csv.gz",
    "health_centres_district.csv.gz",
    "shelters_district.csv.gz",
    "travel_subdistrict.csv.gz",
    "finance_province.csv.gz",
    "finance_org.csv.gz",
    "lpa_org.csv.gz",
)


def load(engine: Engine, progress: Progress | None = None, *, derived: bool = True) -> list[Report]:
    """Load all files of the sample and build what is derived from them.

    Each file is a transaction of its own and what is derived is one more at the end, so that an
    interrupted load goes on where it stopped. Doing it again changes nothing.

    Parameters
    ----------
    engine : Engine
        A migrated database, with a role that may write.
    progress : Progress, optional
        Told before each file and while derived data are built.
    derived : bool
        False leaves what is derived (values, shapes, hexagons) to a later refresh.

    Returns
    -------
    list of Report
        One for each file, in order.

    Raises
    ------
    Refused
        If a file is refused, as when other data stand in its way.
    """
    told = progress or silent
    with transaction(engine) as session:
        catalogue.sync(session)
    reports = []
    way = Way(gazetteers=Gazetteers())
    with _unpacked() as folder:
        for done, name in enumerate(FILES):
            told("sample", done, len(FILES))
            plain = folder / name.removesuffix(".gz")
            recipe = folder / f"{name.partition('.')[0]}.toml"
            report = ingest(engine, plain, recipe=recipe, refresh=False, way=way)
            if report.outcome == "refused":
                raise Refused(_why(report), file=name)
            reports.append(report)
    told("sample", len(FILES), len(FILES))
    if derived:
        with transaction(engine) as session:
            refresh(session, progress=told)
    return reports


@contextmanager
def _unpacked() -> Iterator[Path]:
    # Lays the files out as the ingest reads them.
    with TemporaryDirectory(prefix="geo-sample-") as name:
        folder = Path(name)
        with as_file(files("ingest") / "sample") as shipped:
            for path in shipped.iterdir():
                if path.suffix == ".toml":
                    (folder / path.name).write_bytes(path.read_bytes())
                elif path.suffix == ".gz":
                    content = gzip.decompress(path.read_bytes())
                    (folder / path.name.removesuffix(".gz")).write_bytes(content)
        yield folder


def _why(report: Report) -> Text:
    said = report.message or Text(th="ไม่ทราบสาเหตุ", en="no reason given")
    return Text(
        th=f"นำเข้าข้อมูลตัวอย่าง {report.file_name} ไม่ได้: {said.th}",
        en=f"The sample file {report.file_name} was refused: {said.en}",
    )
