"""Recipes: small TOML files that say which heading of a file is what.

``docs/data.md`` teaches them. A recipe is checked as a whole when it is read; an unknown key or
heading is answered with the nearest known one.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, Field, PrivateAttr, ValidationError, model_validator

from geo_service.core.errors import BadRecipe, NotFound
from geo_service.core.text import Text
from ingest.faults import Fault, reason_of
from ingest.recipe_parts import (
    Checks,
    CodesPart,
    Column,
    DatasetPart,
    FilePart,
    Part,
    PeriodPart,
    PlacePart,
    RemarksPart,
    RowsPart,
)

Loader = Literal["observations", "remarks", "codes", "areas", "orgs", "features"]

Section = TypeVar("Section", bound=BaseModel)

_LOADERS: dict[str, Loader] = {
    "columns": "observations",
    "remarks": "remarks",
    "codes": "codes",
    "areas": "areas",
    "orgs": "orgs",
    "features": "features",
}
#: More than this share of refused rows is no messy file but the wrong recipe.
_DEFAULT_REFUSED_SHARE = 0.5


class Recipe(Part):
    """One recipe as a whole.

    Exactly one of ``columns``, ``remarks``, ``codes``, ``areas``, ``orgs`` and ``features``
    says what is loaded; the last three are read by their loaders.
    """

    dataset: DatasetPart
    file: FilePart = FilePart()
    rows: RowsPart = RowsPart()
    place: PlacePart | None = None
    period: PeriodPart | None = None
    columns: tuple[Column, ...] = ()
    missing: tuple[str, ...] = ()
    not_applicable: tuple[str, ...] = ()
    suppressed: tuple[str, ...] = ()
    checks: Checks = Checks()
    refused_share: float = Field(default=_DEFAULT_REFUSED_SHARE, ge=0, le=1)
    remarks: RemarksPart | None = None
    codes: CodesPart | None = None
    areas: dict[str, Any] | None = None
    orgs: dict[str, Any] | None = None
    features: dict[str, Any] | None = None
    _name: str = PrivateAttr(default="")
    _sha256: str = PrivateAttr(default="")

    @model_validator(mode="after")
    def _one_loader(self) -> Recipe:
        found = [section for section in _LOADERS if getattr(self, section)]
        if len(found) != 1:
            loaders = ", ".join(_LOADERS)
            raise Fault(Text(f"ต้องมีหนึ่งอย่างเท่านั้นใน {loaders}", f"exactly one of {loaders}"))
        if found[0] in {"columns", "remarks", "codes"} and self.place is None:
            raise Fault(Text("ต้องมี place", "place is needed"))
        return self

    @property
    def name(self) -> str:
        """Name of the recipe: its file name without ``.toml``."""
        return self._name

    @property
    def sha256(self) -> str:
        """Fingerprint of the recipe's text."""
        return self._sha256

    @property
    def title(self) -> Text:
        """What the file is, in words."""
        return Text(self.dataset.title_th, self.dataset.title_en)

    @property
    def loader(self) -> Loader:
        """Which loader reads the file."""
        return next(loader for section, loader in _LOADERS.items() if getattr(self, section))

    def section(self, model: type[Section], name: Literal["areas", "orgs", "features"]) -> Section:
        """Check a section that belongs to one loader.

        Parameters
        ----------
        model : type of pydantic model
            What the section must look like.
        name : {"areas", "orgs", "features"}
            The section.

        Returns
        -------
        model
            The checked section.

        Raises
        ------
        BadRecipe
            If a key is unknown, missing or wrong.
        """
        try:
            return model.model_validate(getattr(self, name) or {})
        except ValidationError as error:
            fault = explain(error, model, recipe=self.name, prefix=(name,))
            raise fault from error


def known_recipes() -> dict[str, Recipe]:
    """Read every recipe that comes with the service.

    Returns
    -------
    dict of str to Recipe
        By name, sorted.
    """
    return {name: read_recipe(name) for name in sorted(_shipped())}


def read_recipe(name: str | Path) -> Recipe:
    """Read a recipe by its name, or from a file of the user's own.

    Parameters
    ----------
    name : str or Path
        Name of a recipe that comes with the service, or the path of a ``.toml`` file.

    Returns
    -------
    Recipe
        Checked as a whole.

    Raises
    ------
    NotFound
        If there is none of that name; the nearest names are told.
    BadRecipe
        If it is no TOML, or a key is unknown, missing or wrong.
    """
    path = Path(name)
    shipped = _shipped()
    if path.suffix == ".toml" and path.is_file():
        return parse_recipe(path.read_bytes(), path.stem)
    if str(name) in shipped:
        return parse_recipe(shipped[str(name)], str(name))
    near = nearest(path.stem, shipped)
    raise NotFound(
        Text(
            th=f"ไม่มีสูตรชื่อ '{name}'{_or_th(near)}",
            en=f"There is no recipe '{name}'{_or_en(near)}",
        ),
        known=sorted(shipped),
    )


def parse_recipe(content: bytes, name: str) -> Recipe:
    """Check the text of a recipe.

    Parameters
    ----------
    content : bytes
        TOML in UTF-8.
    name : str
        What to call it.

    Returns
    -------
    Recipe
        Checked as a whole.

    Raises
    ------
    BadRecipe
        If it is no TOML, or a key is unknown, missing or wrong.
    """
    try:
        values = tomllib.loads(content.decode("utf-8-sig"))
        recipe = Recipe.model_validate(values)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadRecipe(
            Text(
                th=f"สูตร '{name}' ไม่ใช่ไฟล์ TOML ที่ถูกต้อง: {error}"
                " (ชื่อภาษาไทยทางซ้ายของ = ต้องอยู่ในเครื่องหมายคำพูด)",
                en=f"The recipe '{name}' is not valid TOML: {error}"
                " (a Thai name left of = must be quoted)",
            )
        ) from error
    except ValidationError as error:
        fault = explain(error, Recipe, recipe=name)
        raise fault from error
    recipe._name = name  # noqa: SLF001  (set once, here)
    recipe._sha256 = hashlib.sha256(content).hexdigest()  # noqa: SLF001
    return recipe


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Find the known words most like a word.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What could have been meant.

    Returns
    -------
    list of str
        At most three, the likest first.
    """
    return difflib.get_close_matches(word, list(known), n=3, cutoff=0.4)


def explain(
    error: ValidationError, model: type[BaseModel], *, recipe: str, prefix: tuple[str, ...] = ()
) -> BadRecipe:
    """Say in words what is wrong with a recipe.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type of pydantic model
        What it was checked against.
    recipe : str
        Name of the recipe.
    prefix : tuple of str
        Where the checked part stands in the recipe.

    Returns
    -------
    BadRecipe
        One sentence for each fault, in both languages.
    """
    said = faults_of(error, model, prefix=prefix)
    return BadRecipe(
        Text(th=f"สูตร '{recipe}': {said.th}", en=f"Recipe '{recipe}': {said.en}"), recipe=recipe
    )


def faults_of(
    error: ValidationError, model: type[BaseModel], *, prefix: tuple[str, ...] = ()
) -> Text:
    """Say in words what a file's part lacks or has too much.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    model : type of pydantic model
        What the part was checked against.
    prefix : tuple of str
        Where the part stands in the file.

    Returns
    -------
    Text
        One clause for each fault.
    """
    sentences = [_sentence(fault, model, prefix) for fault in error.errors()]
    return Text(
        th="; ".join(sentence.th for sentence in sentences),
        en="; ".join(sentence.en for sentence in sentences),
    )


def _sentence(fault: Mapping[str, Any], model: type[BaseModel], prefix: tuple[str, ...]) -> Text:
    place = (*prefix, *fault["loc"])
    where = ".".join(str(part + 1 if isinstance(part, int) else part) for part in place)
    if fault["type"] == "extra_forbidden":
        near = nearest(str(fault["loc"][-1]), _keys_at(model, fault["loc"][:-1]))
        return Text(th=f"ไม่รู้จัก {where}{_or_th(near)}", en=f"unknown key {where}{_or_en(near)}")
    if fault["type"] == "missing":
        return Text(th=f"ต้องมี {where}", en=f"{where} is needed")
    reason = reason_of(fault)
    if not where:
        return reason
    said = "" if isinstance(fault.get("input"), dict | BaseModel) else f" '{fault.get('input')}'"
    return Text(
        th=f"{where}{said} ใช้ไม่ได้: {reason.th}", en=f"{where}{said} cannot be used: {reason.en}"
    )


def _keys_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    # Follows annotations down to the model that holds the unknown key.
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        found = _models_in(field.annotation) if field is not None else []
        if not found:
            return []
        model = found[0]
    return list(model.model_fields)


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401  (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]


def _or_th(near: list[str]) -> str:
    return f" หมายถึง {' หรือ '.join(near)} ใช่หรือไม่" if near else ""


def _or_en(near: list[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _shipped() -> dict[str, bytes]:
    folder = files("ingest") / "recipes"
    return {
        entry.name.removesuffix(".toml"): entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
