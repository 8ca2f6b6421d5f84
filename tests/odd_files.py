"""Odd, broken and hostile files, and a desk with recipes that would read them."""

from __future__ import annotations

import io
import json
import zipfile

LAYER = """
[dataset]
id = "odd-{id}"
kind = "features"
title_th = "ชั้นทดสอบ"
title_en = "A layer"

[features]
code = "code"
name_th = "name"
{more}

[[features.layers]]
id = "odd-{id}"
title_th = "ชั้นทดสอบ"
title_en = "A layer"
theme = "infrastructure"
geometry_type = "{kind}"

[features.properties.beds]
heading = {heading}
title_th = "เตียง"
title_en = "Beds"
"""
#: A heading that is no name of ours, and a text that would be a statement.
HEADING = 'เตียง"; DROP TABLE geo.feature; --'
STATEMENT = "'); DELETE FROM geo.feature; --"


def layer(name, kind, *, heading="beds", more=""):
    return LAYER.format(id=name, kind=kind, heading=json.dumps(heading), more=more)


def tried(desk, content, recipe="mine", name="a.csv"):
    body = json.dumps(content).encode() if isinstance(content, dict) else content
    return desk.sent(body, who="dla.one", recipe=recipe, name=name)


def refusal(desk, content, recipe, name):
    """Send a file that nobody can read; give the problem, which is told in both languages."""
    answer = desk.send(content, who="dla.one", recipe=recipe, name=name)
    told = answer.json()
    assert (answer.status_code, told["code"]) in {
        (422, "unreadable-file"), (422, "unknown-crs"), (413, "too-large"),
    }, (name, answer.text)  # fmt: skip
    assert told["th"]["detail"]
    assert told["en"]["detail"]
    assert desk.files() == []
    return told


def published(desk, content, recipe, name="a.geojson"):
    number = tried(desk, content, recipe, name)["id"]
    desk.done(number, "check", "dla.two")
    return desk.done(number, "publish", "dla.two")


def features(*geometries, **properties):
    rows = [
        {
            "type": "Feature",
            "geometry": one,
            "properties": {"code": f"f{at}", "name": "ก", **properties},
        }
        for at, one in enumerate(geometries, start=1)
    ]
    return {"type": "FeatureCollection", "features": rows}


def point(*coordinates):
    return {"type": "Point", "coordinates": list(coordinates)}


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [list(ring) for ring in rings]}


def zipped(**entries):
    """A zip of entries; a name with dots is given by ``**``."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def items(desk, known, **asked):
    told = desk("dla.one").get(f"/collections/{known}/items", params={"limit": 100, **asked})
    assert told.status_code == 200, told.text
    return told.json()["features"]
