"""How the world is cut into tiles: the tile matrix sets that the service draws in.

Definitions are those of the OGC Two Dimensional Tile Matrix Set and Tile Set Metadata standard
2.0 (17-083r4), annex D. A tile is named by its matrix (zoom, from 0), column (from the west) and
row (from the north).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from geo_service.core.crs import CRS84, STORAGE_SRID, TILE_SRID

#: Width and height of a tile in cells; a cell is the standard's pixel.
TILE_CELLS = 256
#: Side of the standard's pixel, metres.
_PIXEL_M = 0.000_28
#: Radius of the sphere of EPSG:3857 and half the equator, which is half the circle, metres.
_RADIUS_M = 6_378_137.0
_HALF_WORLD_M = math.pi * _RADIUS_M
_OGC = "http://www.opengis.net/def"
#: A box that only touches a tile's edge does not lie in it; share of a tile.
_TOUCH = 1e-9


@dataclass(frozen=True, slots=True)
class Limits:
    """Tiles of one matrix that a box lies in, ends included; counts from 0."""

    zoom: int
    first_column: int
    last_column: int
    first_row: int
    last_row: int

    def has(self, column: int, row: int) -> bool:
        """Tell whether a tile is one of them.

        Parameters
        ----------
        column, row : int
            Of the tile.

        Returns
        -------
        bool
            True at the ends, too.
        """
        is_across = self.first_column <= column <= self.last_column
        return is_across and self.first_row <= row <= self.last_row


@dataclass(frozen=True, slots=True)
class MatrixSet:
    """A pyramid of tile matrices whose cells halve from one to the next.

    ``origin`` is the upper left corner of every matrix (longitude or easting first) and
    ``tile_span_at_zero`` the side of a tile at zoom 0, both in the unit of the CRS;
    ``metres_per_unit`` is that unit's length by the standard, 6.1.1.
    """

    id: str
    title: str
    crs_uri: str
    srid: int
    axes: tuple[str, str]
    scale_set: str
    origin: tuple[float, float]
    tile_span_at_zero: float
    metres_per_unit: float
    columns_at_zero: int
    deepest: int

    @property
    def uri(self) -> str:
        """Name of the set in the OGC's register."""
        return f"{_OGC}/tilematrixset/OGC/1.0/{self.id}"

    @property
    def scale_set_uri(self) -> str:
        """Name of its scales in the OGC's register."""
        return f"{_OGC}/wkss/OGC/1.0/{self.scale_set}"

    def columns(self, zoom: int) -> int:
        """Count the columns of a matrix.

        Parameters
        ----------
        zoom : int
            The matrix.

        Returns
        -------
        int
            Number of tiles from west to east.
        """
        return self.columns_at_zero << zoom

    def rows(self, zoom: int) -> int:
        """Count the rows of a matrix.

        Parameters
        ----------
        zoom : int
            The matrix.

        Returns
        -------
        int
            Number of tiles from north to south.
        """
        return 1 << zoom

    def tile_span(self, zoom: int) -> float:
        """Measure the side of a tile.

        Parameters
        ----------
        zoom : int
            The matrix.

        Returns
        -------
        float
            In the unit of the CRS: metres or degrees.
        """
        return self.tile_span_at_zero / (1 << zoom)

    def cell_size(self, zoom: int) -> float:
        """Measure the side of a cell.

        Parameters
        ----------
        zoom : int
            The matrix.

        Returns
        -------
        float
            In the unit of the CRS: metres or degrees.
        """
        return self.tile_span(zoom) / TILE_CELLS

    def scale_denominator(self, zoom: int) -> float:
        """Give the scale of a matrix on a screen of the standard's pixels.

        Parameters
        ----------
        zoom : int
            The matrix.

        Returns
        -------
        float
            1 to this; no unit.
        """
        return self.cell_size(zoom) * self.metres_per_unit / _PIXEL_M

    def is_inside(self, zoom: int, column: int, row: int) -> bool:
        """Tell whether there is such a tile.

        Parameters
        ----------
        zoom, column, row : int
            The tile.

        Returns
        -------
        bool
            Whether the set has it.
        """
        return (
            0 <= zoom <= self.deepest
            and 0 <= column < self.columns(zoom)
            and 0 <= row < self.rows(zoom)
        )

    def bounds(self, zoom: int, column: int, row: int) -> tuple[float, float, float, float]:
        """Give the edges of a tile.

        Parameters
        ----------
        zoom, column, row : int
            The tile.

        Returns
        -------
        tuple of float
            minx, miny, maxx, maxy in the CRS of the set, longitude or easting first.
        """
        span, (west, north) = self.tile_span(zoom), self.origin
        return (
            west + column * span,
            north - (row + 1) * span,
            west + (column + 1) * span,
            north - row * span,
        )

    def limits(
        self, zoom: int, box: tuple[float, float, float, float], *, margin: float = 0.0
    ) -> Limits:
        """Find the tiles of a matrix that a box lies in.

        Parameters
        ----------
        zoom : int
            The matrix.
        box : tuple of float
            west, south, east, north, degrees CRS84.
        margin : float
            How much of its neighbours a tile shows, as a share of its width (no unit).

        Returns
        -------
        Limits
            At least one tile.
        """
        west, north = self._place(box[0], box[3])
        east, south = self._place(box[2], box[1])
        columns, rows = self.columns(zoom), self.rows(zoom)
        return Limits(
            zoom,
            *_between(west * columns - margin, east * columns + margin, columns),
            *_between(north * rows - margin, south * rows + margin, rows),
        )

    def _place(self, lon_deg: float, lat_deg: float) -> tuple[float, float]:
        # As shares of the set's width from the west and of its height from the north.
        across = (lon_deg + 180) / 360
        if self.srid != TILE_SRID:
            return across, (90 - lat_deg) / 180
        sine = math.sin(math.radians(max(-89.9, min(89.9, lat_deg))))
        return across, 0.5 - math.atanh(sine) / (2 * math.pi)


WEB_MERCATOR_QUAD = MatrixSet(
    id="WebMercatorQuad",
    title="Google Maps Compatible for the World",
    crs_uri=f"{_OGC}/crs/EPSG/0/3857",
    srid=TILE_SRID,
    axes=("X", "Y"),
    scale_set="GoogleMapsCompatible",
    origin=(-_HALF_WORLD_M, _HALF_WORLD_M),
    tile_span_at_zero=2 * _HALF_WORLD_M,
    metres_per_unit=1.0,
    columns_at_zero=1,
    deepest=24,
)
WORLD_CRS84_QUAD = MatrixSet(
    id="WorldCRS84Quad",
    title="CRS84 for the World",
    crs_uri=CRS84.uri,
    srid=STORAGE_SRID,
    axes=("Lon", "Lat"),
    scale_set="GoogleCRS84Quad",
    origin=(-180.0, 90.0),
    tile_span_at_zero=180.0,
    metres_per_unit=_HALF_WORLD_M / 180,
    columns_at_zero=2,
    deepest=23,
)
#: By id; the first is what map libraries expect.
MATRIX_SETS: Mapping[str, MatrixSet] = MappingProxyType(
    {one.id: one for one in (WEB_MERCATOR_QUAD, WORLD_CRS84_QUAD)}
)


def _between(first: float, last: float, count: int) -> tuple[int, int]:
    low = min(max(math.floor(first + _TOUCH), 0), count - 1)
    return low, max(low, min(math.ceil(last - _TOUCH) - 1, count - 1))
