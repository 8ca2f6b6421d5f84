"""Measures whether sums over places are as unsure as scenarios say, on what came in the past.

``python -m tests.bench.scenarios URL [INDICATOR ...]`` prints a table: from every year with six
before it, futures of the provinces are drawn as they would have been then, added up to the
country and to every region, and compared with what came. Places drawn each by itself stand
beside the shared part that is estimated from the errors known by then, and the forecast that
the service makes of the country itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from boundaries.models import Area, RegionMember
from geo_service.core.db import make_engine
from layers import indicators
from layers.analysis.forecast import FEWEST_YEARS
from layers.analysis.intervals import errors, pool
from layers.analysis.together import Shared, futures, mixed, shared, walks
from layers.forecasts import making
from layers.forecasts.series import read as read_series

DRAWS = 1_500
INDICATORS = ("waste_gen_tpd", "waste_utilised_tpd", "pop_total")


@dataclass(slots=True)
class Line:
    """Sums that came within their intervals, and how wide these were over the middle."""

    cells: int = 0
    within: dict[int, int] = field(default_factory=lambda: {80: 0, 95: 0})
    width: float = 0.0

    def add(self, sums: np.ndarray, middle: np.ndarray, came: np.ndarray) -> None:
        """Judge futures of a sum, shape (draws, years), by what came."""
        sums = sums * middle / np.median(sums, axis=0)
        low95, low80, high80, high95 = np.quantile(sums, [0.025, 0.1, 0.9, 0.975], axis=0)
        known = np.isfinite(came)
        self.cells += int(known.sum())
        self.within[80] += int(((came >= low80) & (came <= high80))[known].sum())
        self.within[95] += int(((came >= low95) & (came <= high95))[known].sum())
        self.width += float(((high80 - low80) / middle)[known].sum())

    def told(self) -> str:
        """Write a line of the table."""
        share = {level: 100 * count / max(self.cells, 1) for level, count in self.within.items()}
        width = 100 * self.width / max(self.cells, 1)
        return f"{self.cells:>6} {share[80]:>6.1f} {share[95]:>6.1f} {width:>9.1f}"


def measure(session: Session, key: str) -> dict[str, Line]:
    """Back-test sums over the provinces of one indicator."""
    info = indicators.read(session, key)
    series = read_series(session, info, ["country", "province"])
    made = making.make(series, info)
    past = errors(made.known, made.standing, made.horizon)
    known = pool(past)
    rows = np.flatnonzero(series.rows_of("province"))
    country = int(np.flatnonzero(series.rows_of("country"))[0])
    inside = _regions(session, np.array(series.ids)[rows])
    values = np.where(made.known.seen, made.scale.back(made.known.values), np.nan)
    lines = {
        f"{what}, {where}": Line()
        for what in ("each by itself", "with what they share")
        for where in ("country", "regions")
    }
    columns = values.shape[1]
    for column in range(FEWEST_YEARS - 1, columns - 1):
        ahead = min(made.horizon, columns - 1 - column, (column + 1) // 2)
        limits = known.limits(column)
        centre = past.forecasts[rows, column, :ahead]
        by = past.scales[rows, column][:, None]
        scaled = [
            centre + by * limits[95][:ahead, 0], centre + by * limits[80][:ahead, 0], centre,
            centre + by * limits[80][:ahead, 1], centre + by * limits[95][:ahead, 1],
        ]  # fmt: skip
        ends = np.stack([made.scale.back(one) for one in scaled], axis=2)
        if not np.isfinite(ends).all():
            continue
        for what, parts in (
            ("each by itself", Shared(0.0)),
            ("with what they share", shared(_known_by(past, rows, column))),
        ):
            drawn = _drawn(ends, parts, column)
            for where, members in inside.items():
                line = lines[f"{what}, {'country' if where == 0 else 'regions'}"]
                came = values[rows[members], column + 1 : column + 1 + ahead].sum(axis=0)
                line.add(drawn[members].sum(axis=0), ends[members][:, :, 2].sum(axis=0), came)
    own = Line()
    for level in (80, 95):
        judged = made.tested.inside[level][country]
        own.cells = int(np.isfinite(judged).sum())
        own.within[level] = int(np.nansum(judged))
    lines["the country's own forecast"] = own
    return lines


def _drawn(ends: np.ndarray, parts: Shared, column: int) -> np.ndarray:
    count, ahead = ends.shape[:2]
    whole = walks(np.random.default_rng(column), draws=DRAWS, horizon=ahead)
    own = np.stack(
        [
            walks(np.random.default_rng([column, at]), draws=DRAWS, horizon=ahead)
            for at in range(count)
        ]
    )
    return futures(ends, mixed(own, whole, np.zeros((1, 1, 1)), parts), least=0.0)


def _known_by(past, rows: np.ndarray, column: int) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = (past.missed / past.scales[:, :, None])[rows]
    origins, ahead = np.arange(missed.shape[1])[:, None], np.arange(1, missed.shape[2] + 1)
    return np.where(np.isfinite(missed) & (origins + ahead <= column), missed, np.nan)


def _regions(session: Session, ids: np.ndarray) -> Mapping[int, np.ndarray]:
    codes = dict(session.execute(select(Area.code, Area.id).where(Area.level == "province")).all())
    members: dict[int, list[int]] = {0: list(range(len(ids)))}
    for region, code in session.execute(select(RegionMember.region_id, RegionMember.province_code)):
        members.setdefault(region, []).extend(np.flatnonzero(ids == codes.get(code)).tolist())
    return {region: np.array(found) for region, found in members.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of a database with values and forecasts")
    parser.add_argument("indicator", nargs="*", default=INDICATORS)
    asked = parser.parse_args()
    with Session(make_engine(asked.url)) as session:
        for key in asked.indicator:
            print(f"\n{key:<40} {'sums':>6} {'80 %':>6} {'95 %':>6} {'80 % wide':>9}")  # noqa: T201
            for name, line in measure(session, key).items():
                print(f"{name:<40} {line.told()}")  # noqa: T201


if __name__ == "__main__":
    main()
