"""Load a folder of files, each with its recipe, in an order that works."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from geo_service.core.errors import Conflict, Refused
from geo_service.core.models import Dataset
from geo_service.core.text import Text
from ingest import pipeline
from ingest.gazetteers import Gazetteers
from ingest.load import Progress, silent
from ingest.report import Report
from ingest.size import DEFAULT, Limits

#: Files of the open data that the recipes were written for; a folder may add its own list.
LIST = "batch.toml"


@dataclass(frozen=True, slots=True)
class LoadedDataset:
    """A data set that was loaded at least once."""

    id: str
    version: int
    title: Text
    is_sample: bool


def loaded(engine: Engine) -> list[LoadedDataset]:
    """List the data sets that were loaded.

    Parameters
    ----------
    engine : Engine
        Database of the installation.

    Returns
    -------
    list of LoadedDataset
        By id.
    """
    with Session(engine) as session:
        rows = session.scalars(
            select(Dataset)
            .where(Dataset.version > 0, Dataset.kind != "derived")
            .order_by(Dataset.id)
        )
        return [
            LoadedDataset(
                id=row.id,
                version=row.version,
                title=Text(th=row.title_th, en=row.title_en),
                is_sample=row.is_sample,
            )
            for row in rows
        ]


def wants_sample(engine: Engine) -> bool:
    """Tell whether the sample may be loaded: never on top of real data.

    Parameters
    ----------
    engine : Engine
        Database of the installation.

    Returns
    -------
    bool
        True for an empty database and for one with the sample, whole or in part.
    """
    return all(dataset.is_sample for dataset in loaded(engine))


def make_room(engine: Engine) -> bool:
    """Tell whether the sample must go before real data can be loaded.

    Parameters
    ----------
    engine : Engine
        Database of the installation.

    Returns
    -------
    bool
        True when there is nothing but the sample.

    Raises
    ------
    Conflict
        If the user's own data was loaded on top of the sample.
    """
    present = loaded(engine)
    samples = [dataset for dataset in present if dataset.is_sample]
    if samples and len(samples) < len(present):
        raise Conflict(
            Text(
                th="ฐานข้อมูลนี้มีทั้งข้อมูลตัวอย่างและข้อมูลที่นำเข้าเอง ให้ใช้โฟลเดอร์ใหม่"
                " (GEO_DATA_DIR) หรือยกเลิกการนำเข้าด้วย geo-service datasets rollback",
                en="This database holds the sample and data of your own; use a new folder"
                " (GEO_DATA_DIR) or undo your loads with geo-service datasets rollback",
            )
        )
    return bool(samples)


def load(
    engine: Engine, folder: Path, *, progress: Progress = silent, limits: Limits = DEFAULT
) -> Iterator[Report]:
    """Load the files of a folder that are there, in the order of the list.

    The list is ``batch.toml`` in the folder, or else ours: ``[[load]]`` tables with ``file``
    (below the folder) and ``recipe``. What was loaded before is passed over by its contents.

    Parameters
    ----------
    engine : Engine
        Database of the installation.
    folder : Path
        Holds the files.
    progress : Progress
        Told how far the work has come.
    limits : Limits
        What one file may hold.

    Yields
    ------
    Report
        One per file; derived values are left to ``refresh``.

    Raises
    ------
    Refused
        If none of the files is there.
    """
    present = [(file, recipe) for file, recipe in listed(folder) if file.exists()]
    if not present:
        raise Refused(
            Text(
                th=f"ไม่พบไฟล์ที่รู้จักในโฟลเดอร์ '{folder.name}' (ดู docs/data.md หรือเขียน {LIST} เอง)",
                en=f"No known file in the folder '{folder.name}' (see docs/data.md, or write"
                f" a {LIST} of your own)",
            )
        )
    way = pipeline.Way(progress=progress, gazetteers=Gazetteers(), limits=limits)
    for number, (file, recipe) in enumerate(present):
        progress("files", number, len(present))
        yield pipeline.ingest(engine, file, recipe=recipe, refresh=False, way=way)
    progress("files", len(present), len(present))


def listed(folder: Path) -> list[tuple[Path, str | Path]]:
    """Read which files of a folder are to be loaded, in order.

    Parameters
    ----------
    folder : Path
        May hold a list of its own.

    Returns
    -------
    list of (Path, str or Path)
        File, which may be absent, and its recipe: a name of ours or a file.
    """
    own = folder / LIST
    words = own.read_text("utf-8") if own.exists() else (files("ingest") / LIST).read_text("utf-8")
    return [
        (folder / entry["file"], _recipe(folder, entry["recipe"]))
        for entry in tomllib.loads(words)["load"]
    ]


def _recipe(folder: Path, name: str) -> str | Path:
    # A recipe of the user's own stands beside the list; ours are known by name.
    return folder / name if name.endswith(".toml") else name
