"""From the rows of a file of facilities or networks to drafts of features."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import shapely
from pydantic import Field, model_validator
from shapely.geometry.base import BaseGeometry

from boundaries import names
from boundaries.lookup import Found, Gazetteer
from geo_service.core.crs import THAILAND_BBOX
from geo_service.core.text import Text
from ingest import geofile
from ingest.clean import clean_text
from ingest.geojson import GeoRow
from ingest.load import Loading
from ingest.read import read_table
from ingest.recipe_parts import Part
from ingest.spelling import tell_repairs

Theme = Literal[
    "population", "waste", "ageing", "disability", "infrastructure", "finance", "governance"
]
#: Geometries that a layer of one type takes.
SHAPES: dict[str, frozenset[str]] = {
    "Point": frozenset({"Point"}),
    "LineString": frozenset({"LineString", "MultiLineString"}),
    "Polygon": frozenset({"Polygon", "MultiPolygon"}),
}


class PropertyPart(Part):
    """One typed property of a layer; ``heading`` when the file calls it otherwise."""

    type: Literal["string", "number", "integer", "boolean", "date", "datetime"] = "string"
    title_th: str
    title_en: str
    heading: str | None = None
    unit_th: str | None = None
    unit_en: str | None = None
    enum: tuple[str, ...] = ()


class LayerPart(Part):
    """One layer; ``value`` is what ``layer_heading`` says for its features."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,62}$")
    value: str | None = None
    title_th: str
    title_en: str
    description_th: str = ""
    description_en: str = ""
    theme: Theme
    geometry_type: Literal["Point", "LineString", "Polygon", "Geometry"] = "Point"


class FeaturesPart(Part):
    """The section ``features`` of a recipe; words are headings of the file."""

    code: str
    name_th: str | None = None
    name_en: str | None = None
    lat: str | None = None
    lon: str | None = None
    place: str | None = None
    place_level: Literal["province", "district", "subdistrict"] = "subdistrict"
    layer_heading: str | None = None
    layers: tuple[LayerPart, ...] = Field(min_length=1)
    properties: dict[str, PropertyPart] = Field(default={})
    crs: int | None = None
    encoding: str | None = None
    layer: str | None = None
    worldwide: bool = False

    @model_validator(mode="after")
    def _layers_told_apart(self) -> FeaturesPart:
        if len(self.layers) > 1 and self.layer_heading is None:
            raise ValueError("layer_heading is needed for several layers")
        return self


@dataclass(slots=True)
class FeatureDraft:
    """A feature as it will be stored; its shape in EPSG:4326 or None."""

    row: int
    layer_id: str
    code: str
    name_th: str
    name_en: str
    shape: BaseGeometry | None
    area_id: int | None
    named_code: str
    properties: dict[str, Any]
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class FeatureReader:
    """Reads the rows of one file; says what is odd about each."""

    loading: Loading
    part: FeaturesPart
    gazetteer: Gazetteer

    def read(self) -> list[FeatureDraft]:
        """Read the whole file.

        Returns
        -------
        list of FeatureDraft
            In the order of the file; rows that cannot be taken are left out and told.
        """
        rows = self._rows()
        self.loading.report.rows_read = len(rows)
        told = (self.part.code, self.part.name_th, self.part.name_en, self.part.place)
        tell_repairs(self.loading, rows, [*filter(None, told), *self.part.properties])
        drafts = [self._draft(row) for row in rows]
        return [draft for draft in drafts if draft is not None]

    def _rows(self) -> list[GeoRow]:
        part, source = self.part, self.loading.source
        wanted = [one for one in (part.code, part.name_th, part.name_en, part.place) if one]
        spec = self.loading.recipe.file
        if geofile.is_geofile(source.name, source.data, record=spec.record):
            file = geofile.read(
                source.name,
                source.data,
                crs=part.crs,
                encoding=part.encoding,
                layer=part.layer,
                worldwide=part.worldwide,
                most_rows=source.limits.rows,
            )
            geofile.need_headings(file, wanted)
            return list(file.rows)
        table = read_table(source, spec, wanted)
        wanted += [one for one in (part.lat, part.lon, part.layer_heading) if one]
        for heading in wanted:
            table.heading(heading)
        return [GeoRow(row.number, row.cells, self._point(row.number, row.cells))
                for row in table.rows]  # fmt: skip

    def _point(self, number: int, cells: Any) -> shapely.Point | None:  # noqa: ANN401
        part = self.part
        if part.lat is None or part.lon is None:
            return None
        said = (clean_text(cells.get(part.lat)), clean_text(cells.get(part.lon)))
        if not any(said):
            return None
        west, south, east, north = THAILAND_BBOX
        try:
            lat, lon = float(said[0]), float(said[1])
        except ValueError:
            lat = lon = math.nan
        if west < lon < east and south < lat < north:
            return shapely.Point(lon, lat)
        self.loading.reject(
            reason="point-impossible",
            hint=Text(
                th="พิกัดอยู่นอกประเทศไทยหรือสลับกัน รับโดยไม่มีจุด",
                en="The point is not in Thailand, or its axes are swapped; taken without it",
            ),
            row=number,
            column=f"{part.lat}, {part.lon}",
            said=", ".join(said),
            severity="flagged",
        )
        return None

    def _draft(self, row: GeoRow) -> FeatureDraft | None:
        part = self.part
        layer = self._layer(row)
        code = self._cell(row, part.code)
        if layer is None:
            return None
        if not code:
            self._refuse(row, "no-place", part.code, code)
            return None
        fits = SHAPES.get(layer.geometry_type)
        shape = row.shape
        if row.fault or (shape is not None and fits is not None and shape.geom_type not in fits):
            said = row.fault or getattr(shape, "geom_type", "")
            self._refuse(row, "bad-shape", None, said)
            return None
        named = self._cell(row, part.place)
        area_id = self._area(row, named) if named else None
        return FeatureDraft(
            row=row.number,
            layer_id=layer.id,
            code=code,
            name_th=names.normalise(self._cell(row, part.name_th)),
            name_en=names.normalise(self._cell(row, part.name_en)),
            shape=shape,
            area_id=area_id,
            named_code=named,
            properties=self._properties(row),
        )

    def _layer(self, row: GeoRow) -> LayerPart | None:
        heading = self.part.layer_heading
        if heading is None:
            return self.part.layers[0]
        said = self._cell(row, heading)
        found = next((one for one in self.part.layers if one.value == said), None)
        if found is None:
            self._refuse(row, "unknown-kind", heading, said)
        return found

    def _area(self, row: GeoRow, code: str) -> int | None:
        found = self.gazetteer.area(self.part.place_level, code=code)
        if isinstance(found, Found):
            return found.id
        self.loading.reject(
            reason=found.reason,
            hint=Text(
                th="ไม่พบพื้นที่ที่ระบุ หาจากพิกัดแทน",
                en="The place named is not known; found by the coordinates instead",
            ),
            row=row.number,
            column=self.part.place,
            said=code,
            candidates=found.candidates,
            severity="flagged",
        )
        return None

    def _properties(self, row: GeoRow) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, told in self.part.properties.items():
            said = self._cell(row, told.heading or name)
            if not said:
                continue
            try:
                values[name] = _typed(said, told.type)
            except ValueError:
                self.loading.reject(
                    reason="not-a-number",
                    hint=Text(th="ค่าไม่ตรงกับชนิดข้อมูล เว้นว่างไว้", en="Not of its type; left blank"),
                    row=row.number,
                    column=told.heading or name,
                    said=said,
                    severity="flagged",
                )
        return values

    def _refuse(self, row: GeoRow, reason: str, column: str | None, said: str) -> None:
        self.loading.reject(
            reason=reason,
            hint=Text(th="ไม่รับแถวนี้ โปรดแก้ไฟล์", en="The row is not taken; mend the file"),
            row=row.number,
            column=column,
            said=said,
        )

    @staticmethod
    def _cell(row: GeoRow, heading: str | None) -> str:
        return clean_text(row.cells.get(heading)) if heading else ""


def _typed(said: str, kind: str) -> str | float | int | bool:
    if kind == "boolean":
        if said.lower() not in {"true", "false", "1", "0"}:
            raise ValueError(said)
        return said.lower() in {"true", "1"}
    if kind == "integer":
        return int(said.replace(",", ""))
    if kind == "number":
        value = float(said.replace(",", ""))
        if not math.isfinite(value):
            raise ValueError(said)
        return value
    if kind == "date":
        return date.fromisoformat(said).isoformat()
    return instant(said) if kind == "datetime" else said


def instant(said: str) -> str:
    """Read a time; one without a zone is in UTC, as GeoPackage has it.

    Parameters
    ----------
    said : str
        In ISO 8601.

    Returns
    -------
    str
        In UTC.
    """
    found = datetime.fromisoformat(said)
    zoned = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).isoformat().replace("+00:00", "Z")
