"""Features as files of whole tables: GeoParquet, GeoPackage, FlatGeobuf.

The one door to GDAL outside `ingest`: it writes what we read from our own database, and
opens nothing that anybody handed in. Import it only when such a file is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyproj
import shapely

from geo_service.core.crs import Crs
from geo_service.core.text import Text
from layers.collection import Property
from layers.filters import Kind
from layers.imprint import Imprint
from layers.questions import Question

Parts = Iterable[Sequence[tuple[Any, ...]]]

#: Rows that a reader of GeoParquet fetches or passes over together.
_GROUP_ROWS, _GROUP_BYTES = 2_000, 8 << 20
_KINDS: Mapping[Kind, pa.DataType] = {
    "string": pa.string(), "integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
    "date": pa.date32(), "datetime": pa.timestamp("us", tz="UTC"), "list": pa.string(),
}  # fmt: skip
_BOX = pa.struct([(name, pa.float64()) for name in ("xmin", "ymin", "xmax", "ymax")])
#: By the number that GEOS gives each type.
_SHAPES = ("Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString",
           "MultiPolygon", "GeometryCollection")  # fmt: skip
_ID = Property("id", "string", Text("รหัสรายการ", "Identifier"))


def write(
    form: str,
    parts: Parts,
    question: Question,
    imprint: Imprint,
    *,
    path: Path,
    has_all_shapes: bool = True,
) -> None:
    """Write features into a file.

    Parameters
    ----------
    form : {"parquet", "gpkg", "fgb"}
        Format.
    parts : iterable of sequence of tuple
        Rows of `features.stream_rows` with the shape as files have it; read as they are
        written, never held together.
    question : Question
        What the rows answer.
    imprint : Imprint
        What the file says about itself.
    path : Path
        Of a new file.
    has_all_shapes : bool
        Whether every feature has a shape: FlatGeobuf cannot index one that has none.
    """
    schema = _schema(question)
    reader = pa.RecordBatchReader.from_batches(schema, _batches(parts, schema))
    if form == "parquet":
        _write_parquet(reader, question.crs, imprint, path)
        return
    title, summary = imprint.collection.title.th, imprint.summary().th
    if form == "gpkg":
        options = {"IDENTIFIER": title, "DESCRIPTION": summary, "GEOMETRY_NAME": "geom"}
        driver = "GPKG"
    else:
        index = "YES" if has_all_shapes else "NO"
        options = {"TITLE": title, "DESCRIPTION": summary, "SPATIAL_INDEX": index}
        driver = "FlatGeobuf"
    kind = question.collection.geometry_type
    pyogrio.write_arrow(
        reader,
        path,
        layer=question.collection.id,
        driver=driver,
        geometry_name="geometry",
        geometry_type="Unknown" if kind == "Geometry" else kind,
        crs=f"EPSG:{question.crs.srid}",
        layer_metadata=imprint.texts(),
        layer_options=options,
    )


def _write_parquet(reader: pa.RecordBatchReader, crs: Crs, imprint: Imprint, path: Path) -> None:
    box = pa.field("bbox", _BOX)
    seen = _Seen()
    schema = reader.schema.append(box)
    with pq.ParquetWriter(path, schema, compression="zstd", version="2.6") as writer:
        for table in _grouped(reader):
            boxes = seen.look(table.column("geometry"))
            writer.write_table(table.append_column(box, boxes), _GROUP_ROWS)
        told = imprint.texts() | {"geo": orjson.dumps(seen.told(crs)).decode()}
        writer.add_key_value_metadata(told)


def _schema(question: Question) -> pa.Schema:
    known = {one.name: one for one in question.collection.properties}
    columns = [known[name] for name in question.names]
    if "id" not in known:
        columns.append(_ID)
    # The key that says "these bytes are a shape in WKB", to GDAL and to GeoArrow.
    shape = pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "geoarrow.wkb"})
    return pa.schema([*(_field(one) for one in columns), shape])


def _field(one: Property) -> pa.Field:
    unit = one.unit or Text("", "")
    title = Text(*(f"{a} ({b})" if b else a for a, b in ((one.title.th, unit.th),
                                                         (one.title.en, unit.en))))  # fmt: skip
    told = {
        "title": one.title.th, "title_en": one.title.en, "unit": unit.th, "unit_en": unit.en,
        # GDAL's names for the alias and the comment of a column
        "GDAL:OGR:alternative_name": title.th, "GDAL:OGR:comment": title.en,
    }  # fmt: skip
    if one.kind == "list":
        told["GDAL:OGR:subtype"] = "JSON"
    return pa.field(one.name, _KINDS[one.kind], metadata={k: v for k, v in told.items() if v})


def _batches(parts: Parts, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    # A row holds the properties, the identifier and the shape; the identifier is a column
    # of the file unless a property has its name.
    own = list(range(len(schema)))
    skipped = 0 if schema.names[-2] == "id" else 1
    own[-1] += skipped
    for rows in filter(None, parts):
        cells = list(zip(*rows, strict=True))
        columns = [_column(cells[place], field) for place, field in zip(own, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _column(cells: Sequence[Any], field: pa.Field) -> pa.Array:
    if field.type == pa.binary():
        return pa.array([None if one is None else bytes(one) for one in cells], field.type)
    if (field.metadata or {}).get(b"GDAL:OGR:subtype") == b"JSON":
        cells = [None if one is None else orjson.dumps(one).decode() for one in cells]
    return pa.array(cells, field.type)


def _grouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        rows, size = (sum(one) for one in zip(*((b.num_rows, b.nbytes) for b in held), strict=True))
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(held)
            held = []
    if held:
        yield pa.Table.from_batches(held)


class _Seen:
    """What GeoParquet wants to know of all shapes together: their types and their box."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.box = np.array([np.inf, np.inf, -np.inf, -np.inf])

    def look(self, column: pa.ChunkedArray) -> pa.StructArray:
        """Look at the shapes of some rows.

        Parameters
        ----------
        column : ChunkedArray of binary
            WKB, missing where there is no shape.

        Returns
        -------
        StructArray
            The box around each, in the unit of the shapes; missing where there is none.
        """
        shapes = shapely.from_wkb(column.to_numpy())
        bounds = shapely.bounds(shapes)
        is_none = np.isnan(bounds[:, 0])
        if not is_none.all():
            self.box[:2] = np.minimum(self.box[:2], np.nanmin(bounds[:, :2], axis=0))
            self.box[2:] = np.maximum(self.box[2:], np.nanmax(bounds[:, 2:], axis=0))
            kinds = np.unique(shapely.get_type_id(shapes[~is_none]))
            self.types |= {_SHAPES[kind] for kind in kinds}
        sides = [pa.array(bounds[:, place], mask=is_none) for place in range(4)]
        return pa.StructArray.from_arrays(sides, fields=list(_BOX), mask=pa.array(is_none))

    def told(self, crs: Crs) -> dict[str, Any]:
        """Tell it as the format has it.

        Parameters
        ----------
        crs : Crs
            Of the shapes.

        Returns
        -------
        dict
            GeoParquet 1.1 file metadata.
        """
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": sorted(self.types),
            "orientation": "counterclockwise",
            "covering": {"bbox": {name: ["bbox", name] for name in _BOX.names}},
        }
        if not crs.is_degrees:  # without it longitude and latitude are meant (OGC:CRS84)
            column["crs"] = pyproj.CRS.from_epsg(crs.srid).to_json_dict()
        if np.isfinite(self.box).all():
            column["bbox"] = self.box.tolist()
        return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
