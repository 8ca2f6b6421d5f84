"""Coordinate reference systems the service knows, and the doors between them.

Storage is EPSG:4326 with longitude first. Nothing is guessed: a file states its CRS, or
its format does (GeoJSON), and coordinates must be able to be what they claim.
"""

from __future__ import annotations

STORAGE_SRID = 4326
TILE_SRID = 3857

#: Systems in use in Thailand that files may be in. 24047/24048/4240 are Indian 1975.
KNOWN_SRIDS = (4326, 3857, 32647, 32648, 24047, 24048, 4240)

#: Thailand with its territorial sea, degrees EPSG:4326 (west, south, east, north).
THAILAND_BBOX = (97.3, 5.6, 105.7, 20.5)
