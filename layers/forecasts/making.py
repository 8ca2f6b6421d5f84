"""Turns series into forecasts that add up, with their trends and their back-test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layers.analysis.backtest import Score, Tested, backtest
from layers.analysis.forecast import Histories, Origins, histories, origins
from layers.analysis.forecast_scales import Kind, Scale, scale_for
from layers.analysis.intervals import LEVELS, errors, pool
from layers.analysis.reconcile import reconcile, summed_up
from layers.analysis.trend import FEWEST_VALUES, Trends, trends
from layers.forecasts.series import Series
from layers.indicators import IndicatorInfo
from layers.value_rules import AMOUNTS

Matrix = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Levels whose errors stand for each other: each finer one has places enough of its own. What
#: many provinces make together moves as the country does, not as single provinces.
FAMILIES = (("country", "region"), ("province",), ("district",), ("subdistrict",), ("org",))
#: The same where there are few regions or provinces, as where one part of the country is loaded.
OF_FEW = (("country", "province"), ("region",), *FAMILIES[2:])
FEW = 8
#: Areas of these levels lie in one another; regions are sums of provinces beside them.
NESTED = frozenset({"country", "province", "district", "subdistrict"})
#: A parent is tied to its children when their last values add up to its own so nearly.
SAME_SHARE = 0.001
WHOLE = 100.0
#: Numbers are kept to so many digits: more would tell nothing.
DIGITS = 6


@dataclass(frozen=True, slots=True)
class Made:
    """Forecasts of a family of levels; ``centre`` in the indicator's unit, shape (n, horizon).

    ``limits`` are in scales by level of the interval, ``spread`` the scale of each place.
    """

    series: Series
    scale: Scale
    known: Histories
    standing: Origins
    tested: Tested
    trend: Trends
    centre: Matrix
    limits: Mapping[int, Matrix]
    spread: NDArray[np.float64]

    @property
    def horizon(self) -> int:
        """The longest horizon of any place, in years."""
        return int(self.centre.shape[1])

    def ends(self, level: int) -> tuple[Matrix, Matrix]:
        """Draw an interval around the forecasts as they are now.

        Parameters
        ----------
        level : int
            80 or 95, in per cent.

        Returns
        -------
        tuple of (ndarray, shape (n, horizon), ndarray, shape (n, horizon))
            Lower and upper ends, in the indicator's unit.
        """
        scaled, limits = self.scale.there(self.centre), self.limits[level]
        spread = self.spread[:, None]
        return (
            np.minimum(self.scale.back(scaled + spread * limits[:, 0]), self.centre),
            np.maximum(self.scale.back(scaled + spread * limits[:, 1]), self.centre),
        )

    def score(self, level: str) -> tuple[Score, ...]:
        """Sum up the back-test of one level.

        Parameters
        ----------
        level : str
            For example ``province``.

        Returns
        -------
        tuple of Score
            All horizons together first.
        """
        return self.tested.score(self.series.rows_of(level))


def kind_of(info: IndicatorInfo) -> Kind:
    """Tell what values of an indicator may be.

    Parameters
    ----------
    info : IndicatorInfo
        From the catalogue.

    Returns
    -------
    {"amount", "share", "free"}
        A share is a ratio in per cent that the catalogue bounds within 0 and 100; what it
        bounds below zero is free.
    """
    if info.bounds is not None and info.bounds[0] < 0:
        return "free"
    is_share = info.space_agg not in AMOUNTS and info.unit.en == "%" and _within_whole(info)
    return "share" if is_share else "amount"


def _within_whole(info: IndicatorInfo) -> bool:
    return info.bounds is not None and info.bounds[0] >= 0 and info.bounds[1] <= WHOLE


def families_for(places: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Choose which levels are forecast together.

    Parameters
    ----------
    places : mapping of str to int
        How many places of each level have values.

    Returns
    -------
    tuple of tuple of str
        Levels whose errors are pooled.
    """
    is_few = min(places.get("region", 0), places.get("province", 0)) < FEW
    return OF_FEW if is_few else FAMILIES


def make(series: Series, info: IndicatorInfo) -> Made:
    """Forecast the places of a family of levels, each by itself.

    Parameters
    ----------
    series : Series
        Not empty.
    info : IndicatorInfo
        What they are series of.

    Returns
    -------
    Made
        Also of places that are refused, as others must add up with them.
    """
    scale = scale_for(series.values, kind_of(info))
    known = histories(scale.there(series.values))
    standing = origins(known)
    horizon = max(int(known.horizon.max(initial=0)), 1)
    made = errors(known, standing, horizon)
    last = series.values.shape[1] - 1
    return Made(
        series=series,
        scale=scale,
        known=known,
        standing=standing,
        tested=backtest(known, standing, made, scale),
        trend=trends(series.values),
        centre=scale.back(standing.combined(last, horizon)),
        limits=pool(made).limits(last),
        spread=made.scales[:, last],
    )


def add_up(families: Sequence[Made], parents: Mapping[int, int]) -> tuple[list[Made], set[str]]:
    """Make the forecasts of areas add up from level to level.

    Parameters
    ----------
    families : sequence of Made
        Of an amount, by areas that lie in one another, coarsest first; regions among them are
        left as they are.
    parents : mapping of int to int
        From the id of an area to that of the area it lies in.

    Returns
    -------
    tuple of (list of Made, set of str)
        The same with changed centres, and the levels that wholly add up to the one above.
    """
    horizon = max(made.horizon for made in families)
    rows = [
        (which, row)
        for which, made in enumerate(families)
        for row in range(len(made.series.ids))
        if np.isfinite(made.series.values[row, -1]) and made.series.levels[row] in NESTED
    ]
    last = np.array([families[which].series.values[row, -1] for which, row in rows])
    ids = [families[which].series.ids[row] for which, row in rows]
    paths = [_paths(made, horizon) for made in families]
    centres = np.stack([paths[which][row] for which, row in rows])
    place = {one: at for at, one in enumerate(ids)}
    above = [place.get(parents.get(one, -1), -1) for one in ids]
    parent = _tied(np.array(above, dtype=np.int64), last)
    # an area's error grows with its size: variances are taken to be as its last value
    size = summed_up(np.maximum(last, 1e-9)[:, None], parent)[:, 0]
    solved = reconcile(centres, parent, size)
    changed = [made.centre.copy() for made in families]
    for at, (which, row) in enumerate(rows):
        changed[which][row] = solved[at, : families[which].horizon]
    whole = [families[which].series.levels[row] for which, row in rows]
    loose = {level for level, up in zip(whole, parent.tolist(), strict=True) if up < 0}
    done = [replace(made, centre=centre) for made, centre in zip(families, changed, strict=True)]
    return done, set(whole) - loose


def sum_regions(regions: Made, provinces: Made, members: Mapping[int, Sequence[int]]) -> Made:
    """Make every region the sum of its provinces.

    Parameters
    ----------
    regions : Made
        Of the level region, the country perhaps beside it.
    provinces : Made
        With provinces that already add up.
    members : mapping of int to sequence of int
        Ids of the provinces of each region.

    Returns
    -------
    Made
        Regions whose last value is not the sum of their provinces' stay as they were.
    """
    row_of = {one: row for row, one in enumerate(provinces.series.ids)}
    centre, last = regions.centre.copy(), regions.series.values[:, -1]
    width = min(regions.horizon, provinces.horizon)
    for here, region in enumerate(regions.series.ids):
        is_region = regions.series.levels[here] == "region"
        rows = [row_of.get(one, -1) for one in members.get(region, ()) if is_region]
        if not rows or min(rows) < 0:
            continue
        parts = provinces.series.values[rows, -1]
        if np.isclose(parts.sum(), last[here], rtol=SAME_SHARE):
            centre[here, :width] = provinces.centre[rows, :width].sum(axis=0)
    return replace(regions, centre=centre)


def rows_of(made: Made) -> Iterator[dict[str, Any]]:
    """Write forecasts as rows of the table ``place_forecast``, without indicator.

    Parameters
    ----------
    made : Made
        Of a family of levels.

    Yields
    ------
    dict
        One a place.
    """
    ends = {level: made.ends(level) for level in LEVELS}
    horizon = made.known.horizon
    mase, naive = made.tested.mase()
    filled = np.isfinite(made.known.values).sum(axis=1) - made.known.years
    # a place with fewer years is told so when it is asked for, without a row of its own
    was_known = np.isfinite(made.series.whole).sum(axis=1) >= FEWEST_VALUES
    for row, (level, place_id) in enumerate(zip(made.series.levels, made.series.ids, strict=True)):
        if not was_known[row]:
            continue
        reach = int(np.isfinite(_rows(made, row)[: horizon[row]]).all(axis=1).sum())
        reason = _reason(made, row) if reach == 0 else ""
        yield {
            "level": level,
            "place_id": place_id,
            "reason": reason,
            "years": int(made.known.years[row]),
            "years_filled": int(filled[row]),
            **_trend(made, row),
            "mase": _number(mase[row]),
            "naive_mase": _number(naive[row]),
            "point": _numbers(made.centre[row], reach),
            **{
                f"{name}{one}": _numbers(ends[one][end][row], reach)
                for one in LEVELS
                for end, name in enumerate(("low", "high"))
            },
        }


def _rows(made: Made, row: int) -> Matrix:
    limits = np.column_stack([made.limits[level] for level in LEVELS])
    return np.column_stack((made.centre[row], limits))


def _trend(made: Made, row: int) -> dict[str, Any]:
    found, at = made.trend, int(made.trend.change_at[row])
    return {
        "recent_level": _number(found.level[row]),
        "slope": _number(found.slope[row]),
        "slope_low": _number(found.slope_low[row]),
        "slope_high": _number(found.slope_high[row]),
        "tau": _number(found.tau[row]),
        "p_value": _number(found.p_value[row]),
        "direction": found.direction(row),
        "strength": found.strength(row),
        "change_period": made.series.periods[at].key if at >= 0 else None,
    }


def _reason(made: Made, row: int) -> str:
    reason = made.known.reason[row] or "too-short"
    if made.series.withheld[row] and reason in {"no-values", "no-recent-value"}:
        return "suppressed"
    cut = np.isfinite(made.series.whole[row]).sum() > np.isfinite(made.series.values[row]).sum()
    if cut and reason in {"no-values", "too-short"}:
        return "too-short-since-break"
    return reason


def _number(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None


def _numbers(values: NDArray[np.float64], count: int) -> list[float]:
    numbers: list[float] = values[:count].tolist()
    return numbers


# A place that is not forecast stays as it was, so that sums above it can be made.
def _paths(made: Made, horizon: int) -> Matrix:
    last = made.series.values[:, -1:]
    is_forecast = (made.known.horizon > 0)[:, None] & np.isfinite(made.centre)
    path = np.where(is_forecast, made.centre, last)
    return np.column_stack((path, np.repeat(path[:, -1:], horizon - made.horizon, axis=1)))


# Lets go of children that did not add up to their parent.
def _tied(parent: Whole, last: NDArray[np.float64]) -> Whole:
    has_children = np.zeros(len(parent), dtype=np.bool_)
    has_children[parent[parent >= 0]] = True
    summed = np.zeros_like(last)
    np.add.at(summed, parent[parent >= 0], last[parent >= 0])
    agrees = np.isclose(summed, last, rtol=SAME_SHARE)
    kept = np.where(parent >= 0, agrees[parent], False)
    return np.where(kept, parent, -1)
