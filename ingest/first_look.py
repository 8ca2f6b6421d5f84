"""A look at a file before it is kept: what nobody can ever read is refused where it is sent.

Tables of plain text are counted where they stand. Whatever must be parsed or unpacked to be known
is looked at by a process of its own, with little memory and few seconds, by the functions that the
readers themselves begin with: what is refused here, a load refuses, too. JSON that is larger than
`MOST_JSON_BYTES` is not parsed here, and a file that takes the process longer is kept: its trial
tells.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geo_service.core.errors import Fault, Refused, TooLarge, UnknownCRS, UnreadableFile
from geo_service.core.text import Text
from ingest import archive, forms, size
from ingest.size import Limits

if TYPE_CHECKING:
    from ingest.recipe import Recipe

#: Seconds of a processor, and of the clock of a machine that has other things to do.
CPU_S: Final = 3
WALL_S: Final = 10
MEMORY_BYTES: Final = 1_000_000_000
#: JSON above is counted, not parsed: its parser needs up to twenty times as much memory.
MOST_JSON_BYTES: Final = 20_000_000
#: At once for one server process; who comes then is not looked at here, but by the trial.
MOST_AT_ONCE: Final = 2

_places: Final = threading.BoundedSemaphore(MOST_AT_ONCE)
_FAULTS: Final[Mapping[str, type[Fault]]] = {
    kind.code: kind for kind in (UnreadableFile, UnknownCRS, TooLarge)
}


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at, and what its recipe says of it.

    ``is_of_shapes`` when a loader of shapes would read it; ``form``, ``record`` and ``encoding``
    are those of a table, ``layer`` that of shapes.
    """

    path: str
    name: str
    limits: Limits
    is_of_shapes: bool = False
    form: str | None = None
    record: str | None = None
    encoding: str | None = None
    layer: str | None = None


def look_at(path: Path, name: str, recipe: Recipe, limits: Limits) -> Look:
    """Say how a file is to be looked at.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What it is called.
    recipe : Recipe
        By which it would be loaded.
    limits : Limits
        What it may hold.

    Returns
    -------
    Look
        For `check`.
    """
    shapes, spec = recipe.features or recipe.areas, recipe.file
    return Look(
        str(path), name, limits, is_of_shapes=shapes is not None,
        form=spec.format, record=spec.record, encoding=spec.encoding,
        layer=shapes.get("layer") if shapes else None,
    )  # fmt: skip


def check(look: Look) -> None:
    """Refuse a file that nobody can ever read, or that holds more than it may.

    Parameters
    ----------
    look : Look
        At a file that is on disk as a whole.

    Raises
    ------
    Refused
        If it cannot be read, whatever is done with it: `UnreadableFile` or `UnknownCRS`.
    TooLarge
        If it holds more than it may.
    """
    with Path(look.path).open("rb") as opened:
        head = opened.read(forms.HEAD)
    if look.name.lower().endswith(".gpkg"):
        forms.need_geopackage(head)
    elif _must_be_parsed(look, head):
        _ask(look)
    else:
        size.check(Path(look.path), look.name, look.limits)


def examine(look: Look) -> None:
    """Look at a file here, however long it takes.

    Parameters
    ----------
    look : Look
        At a file that must be parsed or unpacked.

    Raises
    ------
    Refused
        As `check`.
    TooLarge
        As `check`.
    """
    path, name = Path(look.path), look.name.lower()
    data = path.read_bytes()
    inner = archive.gunzip(data) if name.endswith(".gz") else data
    size.check(path, name, look.limits)
    if look.is_of_shapes and forms.is_shapes(name, inner[: forms.HEAD], record=look.record):
        _shapes(look, inner)
        return
    form = look.form or forms.table_form(name, data[: forms.HEAD])
    if form in _TABLES:
        _TABLES[form](look, data)


def _must_be_parsed(look: Look, head: bytes) -> bool:
    if look.name.lower().endswith((".gz", ".zip", ".geojson")):
        return True
    return (look.form or forms.table_form(look.name, head)) in _TABLES


def _shapes(look: Look, data: bytes) -> None:
    if look.name.lower().endswith(".zip"):
        archive.check_shapefile(data, layer=look.layer)
        return
    if len(data) > MOST_JSON_BYTES:
        return
    from ingest import geojson_text  # noqa: PLC0415  (a look loads what it needs, and is quick)

    geojson_text.collection(data)


def _workbook(look: Look, data: bytes) -> None:  # noqa: ARG001  (each reads what it needs)
    archive.check_workbook(data)


def _json(look: Look, data: bytes) -> None:
    if len(data) > MOST_JSON_BYTES:
        return
    from ingest import json_records  # noqa: PLC0415
    from ingest.recipe_parts import FilePart  # noqa: PLC0415

    json_records.read(data, FilePart(record=look.record, encoding=look.encoding))


def _xml(look: Look, data: bytes) -> None:  # noqa: ARG001
    from ingest import xml_records  # noqa: PLC0415

    xml_records.check(data)


_TABLES: Final[Mapping[str, Callable[[Look, bytes], None]]] = {
    "xlsx": _workbook, "json": _json, "xml": _xml,
}  # fmt: skip


def _ask(look: Look) -> None:
    if not _places.acquire(timeout=CPU_S):
        return
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ingest.first_look"],
            input=json.dumps(asdict(look)).encode(),
            capture_output=True,
            timeout=WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return
    finally:
        _places.release()
    # A process that ran out of seconds or memory says nothing.
    told = json.loads(done.stdout) if done.returncode == 0 else None
    if told:
        raise _FAULTS[told["code"]](Text(told["th"], told["en"]), **told["extra"])


def main() -> int:
    """Look at the file that the standard input names.

    Returns
    -------
    int
        0 when it was looked at; what is wrong with it is written as JSON, else nothing.
    """
    said = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    told = None
    try:
        examine(Look(**said | {"limits": Limits(**said["limits"])}))
    except (Refused, TooLarge) as fault:
        if fault.code in _FAULTS:
            told = {
                "code": fault.code, "th": fault.detail.th, "en": fault.detail.en,
                "extra": fault.extra,
            }  # fmt: skip
    print(json.dumps(told))  # noqa: T201  (the answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
