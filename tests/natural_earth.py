"""Recipes for the three layers that the CQL2 standard's own tests ask about."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

_HEAD = """
[dataset]
id = "{id}"
kind = "features"
title_th = "ชั้นข้อมูลทดสอบ"
title_en = "A layer of the standard's tests"
publisher_th = "Natural Earth"
publisher_en = "Natural Earth"
licence = "PDM-1.0"
source_url = "https://www.naturalearthdata.com"

[features]
code = "{code}"
layer = "{layer}"
crs = 4326
worldwide = true

[[features.layers]]
id = "{id}"
title_th = "ชั้นข้อมูลทดสอบ"
title_en = "A layer of the standard's tests"
theme = "infrastructure"
geometry_type = "{geometry_type}"
"""
_PROPERTY = """
[features.properties.{name}]
type = "{type}"
title_th = "{name}"
title_en = "{name}"
"""


@dataclass(frozen=True)
class Layer:
    """One layer of the file; ``kinds`` are the properties that are no texts."""

    name: str
    code: str
    geometry_type: str
    texts: tuple[str, ...]
    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Under which the service publishes it."""
        return self.name.replace("_", "-")

    def write_recipe(self, folder: Path) -> Path:
        """Write the recipe into a folder and tell where."""
        text = _HEAD.format(
            id=self.id, code=self.code, layer=self.name, geometry_type=self.geometry_type
        )
        kinds = dict.fromkeys(self.texts, "string") | self.kinds
        text += "".join(_PROPERTY.format(name=name, type=kinds[name]) for name in kinds)
        path = folder / f"{self.id}.toml"
        path.write_text(text, encoding="utf-8")
        return path


LAYERS = (
    Layer(
        "ne_110m_admin_0_countries",
        "ADM0_A3",
        "Polygon",
        ("NAME", "NAME_LONG", "CONTINENT", "ECONOMY"),
        {"POP_EST": "number"},
    ),
    Layer(
        "ne_110m_populated_places_simple",
        "nameascii",
        "Point",
        ("name", "nameascii", "adm0name"),
        {
            "pop_max": "integer",
            "pop_min": "integer",
            "pop_other": "integer",
            "date": "date",
            "start": "datetime",
            "end": "datetime",
            "boolean": "boolean",
        },
    ),
    Layer("ne_110m_rivers_lake_centerlines", "name", "LineString", ("name", "label")),
)
