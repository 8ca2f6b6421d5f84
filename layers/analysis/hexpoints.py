"""Counting points in H3 cells, in a stream: memory grows with the cells, not with the points."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import polars_h3 as plh3

from layers.analysis.hexgrid import Cells, Floats, Indexes


@dataclass(frozen=True, slots=True)
class PointCounts:
    """Points by cell; ``refused`` points had no coordinates that can be on the Earth."""

    cell: Cells
    count: Indexes
    total: Floats | None
    refused: int


def scan_points(path: Path) -> pl.LazyFrame:
    """Open a file of points without reading it.

    Parameters
    ----------
    path : Path
        ``.csv`` (UTF-8, comma, a header) or ``.parquet``.

    Returns
    -------
    LazyFrame
        Nothing is read yet.

    Raises
    ------
    ValueError
        If the file is neither.

    References
    ----------
    Polars user guide, "Lazy API, sources and sinks".
    """
    if path.suffix == ".parquet":
        return pl.scan_parquet(path)
    if path.suffix == ".csv":
        return pl.scan_csv(path)
    raise ValueError(f"points come as .csv or .parquet, not as {path.suffix!r}")


def count_points(
    points: pl.LazyFrame,
    resolution: int,
    *,
    lon: str = "lon",
    lat: str = "lat",
    amount: str | None = None,
) -> PointCounts:
    """Count points, or add up an amount, by H3 cell.

    Each point counts in exactly one cell, so the counts of all cells and the refused points
    are the number of points.

    Parameters
    ----------
    points : LazyFrame
        One row a point; coordinates in degrees, EPSG:4326.
    resolution : int
        H3 resolution.
    lon, lat : str
        Names of the columns of longitude and latitude.
    amount : str, optional
        Name of a column of numbers to add up beside the count.

    Returns
    -------
    PointCounts
        Sorted by cell; ``total`` is in the unit of the amount.

    References
    ----------
    H3 documentation, "latLngToCell". The library takes any number for a coordinate, so what
    cannot be one is set apart before it.
    """
    longitude = pl.col(lon).cast(pl.Float64, strict=False)
    latitude = pl.col(lat).cast(pl.Float64, strict=False)
    sound = (
        (longitude.abs() <= 180) & (latitude.abs() <= 90)  # noqa: PLR2004  (the globe)
    ).fill_null(value=False)
    # Comparisons with NaN are false but for polars' own order, in which NaN is the largest.
    cell = plh3.latlng_to_cell(
        pl.when(sound).then(latitude).otherwise(0.0),
        pl.when(sound).then(longitude).otherwise(0.0),
        resolution,
    )
    columns = [pl.when(sound).then(cell).alias("cell")]
    measures = [pl.len().alias("count")]
    if amount is not None:
        columns.append(pl.col(amount).cast(pl.Float64).alias("amount"))
        measures.append(pl.sum("amount").alias("total"))
    table = points.select(columns).group_by("cell").agg(measures).collect(engine="streaming")
    refused = table.filter(pl.col("cell").is_null())["count"].sum()
    table = table.filter(pl.col("cell").is_not_null()).sort("cell")
    return PointCounts(
        cell=table["cell"].to_numpy().astype(np.int64),
        count=table["count"].to_numpy().astype(np.int64),
        total=table["total"].to_numpy() if amount is not None else None,
        refused=int(refused),
    )
