"""A question to the cube as a document, the way the description of the service tells it."""

from __future__ import annotations

from typing import Any, Final

from layers.models import PLACE_LEVELS

_NAMES: Final = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_COUNT: Final = {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}
#: A question to the cube, as `geo_service.deps.cube` reads it; a test holds the names together.
QUESTION: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A question to the cube; lists may be texts with commas. /cube/meta lists names",
    "required": ["measures"],
    "additionalProperties": False,
    "properties": {
        "measures": {
            **_NAMES,
            "description": "Keys of indicators, each perhaps with a form such as pop_total.share;"
            " theme:waste stands for a theme",
        },
        "rows": {**_NAMES, "description": "Dimensions, coarse to fine"},
        "columns": {**_NAMES, "description": "Dimensions; with those of rows at most five"},
        "filter": {
            "oneOf": [{"type": "string"}, {"type": "object"}],
            "description": "A condition in CQL2 text, or in CQL2 JSON as an object",
        },
        "filter-lang": {"type": "string", "enum": ["cql2-text", "cql2-json"]},
        "totals": {**_NAMES, "description": "rows, columns or both: a total above every group"},
        "scheme": {"type": "string", "description": "Grouping of the provinces behind region"},
        "level": {
            "type": "string", "enum": list(PLACE_LEVELS),
            "description": "Level of the places behind the cells",
        },
        "top": {**_COUNT, "description": "Only so many rows within each parent, the highest"},
        "bottom": {**_COUNT, "description": "Only so many rows within each parent, the lowest"},
        "by": {"type": "string", "description": "Measure of top and bottom; the first when absent"},
        "sort": {"type": "string", "description": "A measure; a minus puts the largest first"},
        "base": {
            "oneOf": [{"type": "integer"}, {"type": "string"}],
            "description": "Base year of base_change and base_change_pct, Buddhist or CE",
        },
        "peers": {**_NAMES, "description": "Whom rank compares with, such as kind and size"},
    },
    "example": {
        "measures": ["waste_gen_tpd", "waste_gen_tpd.share"],
        "rows": ["region", "province"],
        "columns": ["year"],
        "filter": "year BETWEEN 2563 AND 2565",
        "totals": ["rows"],
        "top": 3,
    },
}  # fmt: skip
