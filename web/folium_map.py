# mypy: disallow-untyped-calls=False
# Folium and branca ship no types.
"""Draw a map with Folium: the skeleton and its layers; our own scripts colour and explain it.

Folium writes the Leaflet map, its controls and the inline shapes. Colours, tooltips, popups
and legend come from ``static/js`` and the page's data block, which put every name into the
page as text, so that a name with HTML in it stays a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import folium
from branca.element import Element, Figure, MacroElement
from folium.map import Layer
from folium.plugins import Fullscreen, MarkerCluster
from folium.template import Template
from folium.utilities import JsCode

from geo_service.core.text import Lang
from web.assets import Links, address, own_links
from web.words import words

#: Above this many shapes the page asks for vector tiles instead of carrying them.
MOST_INLINE: Final = 1000
#: How far a reader may pan (south-west, north-east; latitude first, as Leaflet wants it).
PAN_LIMITS: Final = ((-1.0, 87.0), (27.0, 117.0))


@dataclass(frozen=True, slots=True)
class Tiles:
    """Vector tiles with one feature per place; ``key`` is the property that holds its code."""

    url: str
    layer: str
    key: str


@dataclass(frozen=True, slots=True)
class Points:
    """Points shown in clusters above the map, read from a collection of ours."""

    url: str
    title: str


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is drawn: inline shapes or tiles, perhaps points, inside a box."""

    bbox: tuple[float, float, float, float]
    shapes: Mapping[str, Any] | None = None
    tiles: Tiles | None = None
    points: Points | None = None
    lines: Mapping[str, Any] | None = None
    cells_url: str | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """Pieces of a page: our scripts and styles, the map's element, the script that starts it."""

    links: Links
    body: str
    script: str


def draw(canvas: Canvas, lang: Lang) -> Drawing:
    """Draw a map with Folium and take it apart for our page.

    Parameters
    ----------
    canvas : Canvas
        Shapes or tiles to show, and the box to fit.
    lang : {"th", "en"}
        Language of the controls.

    Returns
    -------
    Drawing
        Equal for equal input: ids are fixed, nothing is random.

    Raises
    ------
    ForeignAsset
        If Folium would link a file we have no copy of.
    """
    said = words(lang)
    west, south, east, north = canvas.bbox
    chart = folium.Map(
        location=[(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=6,
        zoom_control=False,
        minZoom=4,
        maxZoom=15,
        zoom_snap=0.25,
        zoom_delta=0.75,
        max_bounds=True,
        min_lat=PAN_LIMITS[0][0],
        max_lat=PAN_LIMITS[1][0],
        min_lon=PAN_LIMITS[0][1],
        max_lon=PAN_LIMITS[1][1],
        attribution_control=False,
    )
    chart.add_child(_Basemap(address("basemap.json"), lang), name="basemap")
    for name, layer in _value_layers(canvas):
        chart.add_child(layer, name=name)
    chart.add_child(_Controls(said), name="controls")
    chart.add_child(
        Fullscreen(
            position="topright",
            title=said["fullscreen"],
            title_cancel=said["exit_fullscreen"],
            force_separate_button=True,
        ),
        name="fullscreen",
    )
    chart.fit_bounds([[south, west], [north, east]], padding=[8, 8])
    chart.add_child(_Start(), name="start")
    return _take_apart(chart)


def _value_layers(canvas: Canvas) -> list[tuple[str, MacroElement]]:
    layers: list[tuple[str, MacroElement]] = []
    if canvas.shapes is not None:
        shapes = folium.GeoJson(
            canvas.shapes,
            on_each_feature=JsCode("AtlasMap.eachShape"),
            smooth_factor=0.4,
            control=False,
        )
        layers.append(("shapes", shapes))
    if canvas.tiles is not None:
        layers.append(("tiles", _ValueTiles(canvas.tiles)))
    if canvas.cells_url is not None:
        layers.append(("cells", _Cells(canvas.cells_url)))
    if canvas.lines is not None:
        layers.append(("lines", _Lines(canvas.lines)))
    if canvas.points is not None:
        layers.append(("points", _PointLayer(canvas.points)))
    return layers


def _take_apart(chart: folium.Map) -> Drawing:
    _fix_ids(chart, "main")
    figure = chart.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("Folium gave no figure")
    figure.render()
    return Drawing(
        links=own_links(figure.header.render()),
        body=figure.html.render(),
        script=figure.script.render(),
    )


def _fix_ids(element: Element, name: str) -> None:
    # Folium's ids are random; fixed ones make two pages of one map equal byte for byte
    element._id = name  # noqa: SLF001
    for number, child in enumerate(element._children.values()):  # noqa: SLF001
        _fix_ids(child, f"{name}_{number}")


class _Basemap(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AtlasMap.basemap(
            {{ this._parent.get_name() }}, {{ this.url|tojson }}, {{ this.lang|tojson }}
        );
        {% endmacro %}
        """
    )

    def __init__(self, url: str, lang: Lang) -> None:
        super().__init__()
        self._name = "Basemap"
        self.url = url
        self.lang = lang


class _Controls(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        L.control.zoom({
            position: "topright",
            zoomInTitle: {{ this.said["zoom_in"]|tojson }},
            zoomOutTitle: {{ this.said["zoom_out"]|tojson }},
        }).addTo({{ this._parent.get_name() }});
        L.control.scale({ imperial: false, position: "bottomleft" })
            .addTo({{ this._parent.get_name() }});
        L.control.attribution({ prefix: "Leaflet", position: "bottomright" })
            .addAttribution({{ this.said["natural_earth"]|tojson }})
            .addTo({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__()
        self._name = "Controls"
        self.said = said


class _Cells(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AtlasMap.cells({{ this._parent.get_name() }}, {{ this.url|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, url: str) -> None:
        super().__init__()
        self._name = "Cells"
        self.url = url


class _Lines(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AtlasMap.borders({{ this._parent.get_name() }}, {{ this.lines|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, lines: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "Lines"
        self.lines = lines


class _ValueTiles(Layer):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = AtlasMap.valueTiles({
            url: {{ this.tiles.url|tojson }},
            layer: {{ this.tiles.layer|tojson }},
            key: {{ this.tiles.key|tojson }},
        });
        {% endmacro %}
        """
    )

    def __init__(self, tiles: Tiles) -> None:
        super().__init__(name=None, overlay=True, control=False)
        self._name = "ValueTiles"
        self.tiles = tiles


class _PointLayer(MarkerCluster):
    def __init__(self, points: Points) -> None:
        super().__init__(
            control=False,
            icon_create_function="AtlasMap.clusterIcon",
            max_cluster_radius=48,
            show_coverage_on_hover=False,
            chunked_loading=True,
        )
        self.add_child(_PointSource(points.url), name="source")


class _PointSource(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AtlasMap.points({{ this._parent.get_name() }}, {{ this.url|tojson }});
        {% endmacro %}
        """
    )

    def __init__(self, url: str) -> None:
        super().__init__()
        self._name = "PointSource"
        self.url = url


class _Start(MacroElement):
    _template = Template(
        """
        {% macro script(this, kwargs) %}
        AtlasMap.start({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Start"


def feature_collection(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Wrap features for drawing.

    Parameters
    ----------
    features : sequence of mapping
        GeoJSON features, EPSG:4326.

    Returns
    -------
    dict
        A GeoJSON feature collection.
    """
    return {"type": "FeatureCollection", "features": list(features)}
