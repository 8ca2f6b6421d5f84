"""The files of submissions on disk: what they may be called, and what they must look like."""

from __future__ import annotations

import re
import secrets
import time
import unicodedata
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final

from geo_service.core.auth import PLACED_ROLES, Principal
from geo_service.core.errors import BadRecipe, NotFound, UnreadableFile
from geo_service.core.text import Text
from ingest.reach import LOADERS
from ingest.recipe import Recipe, known_recipes, nearest, read_recipe

FOLDER: Final = "submissions"
#: Recipes of one's own, beside those that come with the service.
RECIPES: Final = "recipes"

_TEXTS: Final = (".csv", ".tsv", ".txt")
_MAGIC: Final = {
    ".xlsx": (b"PK\x03\x04",),
    ".zip": (b"PK\x03\x04", b"PK\x05\x06"),
    ".gz": (b"\x1f\x8b",),
    ".gpkg": (b"SQLite format 3\x00",),
    ".json": (b"{", b"["),
    ".geojson": (b"{",),
    ".xml": (b"<",),
}
SUFFIXES: Final = (*_TEXTS, *_MAGIC)
_TOLD: Final = " ".join(one for one in (*SUFFIXES, ".json.gz", ".geojson.gz") if one != ".gz")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
#: What a spreadsheet or a page is, whatever it is called.
_STRANGE: Final = {
    b"PK\x03\x04": "Excel (.xlsx), .zip",
    b"\x1f\x8b": ".gz",
    b"\xd0\xcf\x11\xe0": "Excel 97-2003 (.xls)",
    b"%PDF": "PDF",
    b"\x7fELF": "ELF",
    b"SQLite ": ".gpkg",
    b"MZ": ".exe",
}
_PAGES: Final = (b"<!doctype", b"<html", b"<?xml", b"<script", b"<ogrvrt")
_STORED: Final = re.compile(r"[0-9a-f]{32}(?:\.part|\.whole|(?:\.(?:geo)?json)?\.[a-z]{2,7})")
_RECIPE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_LONGEST_NAME: Final = 120
_FORGOTTEN_S: Final = 3_600


def folder_of(data_dir: Path) -> Path:
    """Give the folder of submitted files; only the service may look into it.

    Parameters
    ----------
    data_dir : Path
        Of the installation.

    Returns
    -------
    Path
        Made when it is missing.
    """
    folder = data_dir / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def told_name(said: str) -> str:
    """Make what a caller calls a file fit for lists and reports, whatever its end.

    Parameters
    ----------
    said : str
        May hold folders, control characters, anything.

    Returns
    -------
    str
        The last part of it.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", said))[-1]
    name = "".join(one for one in last if unicodedata.category(one) not in {"Cc", "Cf", "Cs"})
    return name.strip()[-_LONGEST_NAME:]


def plain_name(said: str) -> str:
    """Take the name of a file that may be one of ours.

    Parameters
    ----------
    said : str
        As its caller calls it.

    Returns
    -------
    str
        From `told_name`.

    Raises
    ------
    UnreadableFile
        If its end is not that of a file we read.
    """
    name = told_name(said)
    if suffix_of(name) == "":
        raise UnreadableFile(
            Text(
                th=f"ชื่อไฟล์ต้องลงท้ายด้วย {_TOLD}",
                en=f"The name of the file must end with one of {_TOLD}",
            )
        )
    return name


def suffix_of(name: str) -> str:
    """Give the end of a name that says what the file is.

    Parameters
    ----------
    name : str
        Of a file.

    Returns
    -------
    str
        In small letters, ``.geojson.gz`` as a whole; empty when it is none of ours.
    """
    lower = name.lower()
    ends = (".geojson.gz", ".json.gz", *SUFFIXES)
    found = next((end for end in ends if lower.endswith(end)), "")
    return "" if found == ".gz" else found


def new_name(suffix: str) -> str:
    """Make up a name that nobody can guess.

    Parameters
    ----------
    suffix : str
        From `suffix_of`, or ``.part`` while it is being written.

    Returns
    -------
    str
        For a file in the folder of submissions.
    """
    return secrets.token_hex(16) + suffix


def check_content(name: str, head: bytes) -> None:
    """Refuse a file that is not what its name says.

    Parameters
    ----------
    name : str
        From `plain_name`.
    head : bytes
        Its first bytes.

    Raises
    ------
    UnreadableFile
        If its first bytes say something else.
    """
    suffix = "." + suffix_of(name).rsplit(".", 1)[-1]
    if not head.strip():
        raise UnreadableFile(Text(th="ไฟล์ว่างเปล่า", en="The file is empty"))
    start = head.lstrip(_BLANK)
    if suffix in _TEXTS:
        is_fine = head.startswith(_UTF16) or (
            b"\x00" not in head
            and not head.startswith(tuple(_STRANGE))
            and not start[:16].lower().startswith(_PAGES)
        )
    elif suffix in {".json", ".geojson", ".xml"}:
        is_fine = start.startswith(_MAGIC[suffix])
    else:
        is_fine = head.startswith(_MAGIC[suffix])
    if not is_fine:
        looks = next((said for magic, said in _STRANGE.items() if head.startswith(magic)), "")
        raise UnreadableFile(
            Text(
                th=f"เนื้อหาของไฟล์ไม่ใช่ชนิด {suffix} ตามชื่อไฟล์" + f" แต่เป็น {looks}" * bool(looks),
                en=f"The content of the file is not what its name says ({suffix})"
                + f" but {looks}" * bool(looks),
            )
        )


def tidy(folder: Path, needed: Collection[str]) -> None:
    """Remove files that no open submission needs: of uploads that were cut, of what has ended.

    Parameters
    ----------
    folder : Path
        From `folder_of`.
    needed : collection of str
        Names that stay.
    """
    before = time.time() - _FORGOTTEN_S
    for path in folder.iterdir():
        is_ours = _STORED.fullmatch(path.name) is not None
        if is_ours and path.name not in needed and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def recipe_names(data_dir: Path) -> list[str]:
    """Name the recipes that a file may be submitted with.

    Parameters
    ----------
    data_dir : Path
        Of the installation.

    Returns
    -------
    list of str
        Those that come with the service, and those of its operator; sorted.
    """
    own = {path.stem for path in (data_dir / RECIPES).glob("*.toml")}
    return sorted({*known_recipes(), *(name for name in own if _RECIPE.fullmatch(name))})


def recipes_for(who: Principal, data_dir: Path) -> dict[str, Recipe]:
    """Read the recipes somebody may submit with.

    Parameters
    ----------
    who : Principal
        One with a place sends what he reports, not what his place is.
    data_dir : Path
        Of the installation.

    Returns
    -------
    dict of str to Recipe
        By name; those of the operator, which fit his offices' own files, come first.
    """
    known = known_recipes()
    own: dict[str, Recipe] = {}
    for name in recipe_names(data_dir):
        path = data_dir / RECIPES / f"{name}.toml"
        if path.is_file():
            # One that is written wrongly is told to who sends a file with it.
            with suppress(BadRecipe):
                own[name] = read_recipe(path)
    found = own | {name: one for name, one in known.items() if name not in own}
    return {
        name: one
        for name, one in found.items()
        if who.role not in PLACED_ROLES or one.loader in LOADERS
    }


def recipe_of(name: str, data_dir: Path) -> Recipe:
    """Read a recipe by its name alone; no caller names a path.

    Parameters
    ----------
    name : str
        As a caller says it.
    data_dir : Path
        Of the installation.

    Returns
    -------
    Recipe
        One of the operator's own beats one of ours.

    Raises
    ------
    NotFound
        If there is none of that name.
    """
    own = data_dir / RECIPES / f"{name}.toml"
    if _RECIPE.fullmatch(name) is None or name not in recipe_names(data_dir):
        near = nearest(name, recipe_names(data_dir))
        raise NotFound(
            Text(
                th=f"ไม่มีสูตรชื่อนี้ ที่ใกล้เคียง: {', '.join(near)}",
                en=f"There is no such recipe; the nearest: {', '.join(near)}",
            ),
            known=recipe_names(data_dir),
        )
    return read_recipe(own if own.is_file() else name)
