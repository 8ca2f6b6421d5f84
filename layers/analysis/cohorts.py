"""People by age and sex, projected in steps of five years.

Cohort-component where survival and births are known; Hamilton-Perry where only two counts of
five-year age groups are, as in districts and local organisations. Arrays hold ages last, in
groups of five years, the last one open (80+, 85+); anything may stand before, such as places
or random draws, so that thousands are projected at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ages = NDArray[np.float64]
Vector = NDArray[np.float64]

STEP_YEARS = 5
#: Boys born for each girl, over both.
GIRLS_SHARE = 1 / 2.05
#: Mothers of the child-woman ratio: 15-49.
FIRST_MOTHER, LAST_MOTHER = 3, 10
#: A cohort of a small place may not grow or shrink beyond this in five years.
LEAST_RATIO, MOST_RATIO = 0.5, 1.6
#: Where 60 and over begins.
SIXTY = 12


@dataclass(frozen=True, slots=True)
class Ratios:
    """How cohorts changed between two counts five years apart; no unit.

    ``cohort`` has the shape of the counts: entry k is the people of age group k now over those
    of group k-1 then (the last: over the last two groups); entry 0 is unused. ``child`` is
    children under five over women (or people) of 15-49, without the axis of ages.
    """

    cohort: Ages
    child: Vector


def survived(people: Ages, person_years: Ages) -> Ages:
    """Let people grow five years older, some of them dying.

    Parameters
    ----------
    people : ndarray, shape (..., a)
        Persons by five-year age group, the last one open.
    person_years : ndarray, shape (a,)
        Of the life table (nLx; T of the open group), for any radix.

    Returns
    -------
    ndarray, shape (..., a)
        Persons five years later; the first group is zero, as births are not counted here.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography, Blackwell, section 6.3.
    """
    older = np.zeros_like(people)
    share = person_years[1:-1] / person_years[:-2]
    older[..., 1:-1] = people[..., :-2] * share
    open_share = person_years[-1] / (person_years[-2] + person_years[-1])
    older[..., -1] = (people[..., -2] + people[..., -1]) * open_share
    return older


def births(women: Ages, older: Ages, rates: Ages) -> Vector:
    """Count the births of five years.

    Parameters
    ----------
    women : ndarray, shape (..., a)
        Persons by five-year age group at the start.
    older : ndarray, shape (..., a)
        The same at the end, as `survived` returns them.
    rates : ndarray, shape (a,)
        Births a year for each woman of the age group.

    Returns
    -------
    ndarray, shape (...)
        Persons of both sexes.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography, Blackwell, section 6.3:
    rates times the mean number of women at the two ends.
    """
    born: Vector = STEP_YEARS * ((women + older) / 2 * rates).sum(axis=-1)
    return born


def project(
    women: Ages,
    person_years: Ages,
    rates: Ages,
    *,
    steps: int,
    radix: float = 100_000.0,
    girls_share: float = GIRLS_SHARE,
) -> Ages:
    """Project women without migration, by cohort-component.

    Parameters
    ----------
    women : ndarray, shape (..., a)
        Persons by five-year age group, the last one open.
    person_years : ndarray, shape (a,)
        Of the women's life table (nLx; T of the open group).
    rates : ndarray, shape (a,)
        Births a year for each woman of the age group.
    steps : int
        How many times five years.
    radix : float
        Births that the life table starts with, in persons.
    girls_share : float
        Girls among births, as a share between 0 and 1.

    Returns
    -------
    ndarray, shape (steps + 1, ..., a)
        Persons; the first entry is the start.

    References
    ----------
    Preston, S. H., Heuveline, P. and Guillot, M. (2001), Demography, Blackwell, Box 6.1;
    Leslie, P. H. (1945), Biometrika 33, 183-212.
    """
    path = [women]
    for _ in range(steps):
        older = survived(path[-1], person_years)
        born = births(path[-1], older, rates) * girls_share
        older[..., 0] = born * person_years[0] / (STEP_YEARS * radix)
        path.append(older)
    return np.stack(path)


def cohort_ratios(
    before: Ages, after: Ages, *, mothers_before: Ages | None = None, capped: bool = True
) -> Ratios:
    """Measure how cohorts changed between two counts five years apart.

    Parameters
    ----------
    before, after : ndarray, shape (..., a)
        Persons by five-year age group, the last one open.
    mothers_before : ndarray, shape (..., a), optional
        Women at the later count, of whom children are a ratio; ``after`` itself when absent.
    capped : bool
        Whether ratios are kept between 0.5 and 1.6, as small places need.

    Returns
    -------
    Ratios
        1 where there was nobody to compare with.

    References
    ----------
    Hamilton, C. H. and Perry, J. (1962), Social Forces 41, 163-170; Smith, S. K., Tayman, J. and
    Swanson, D. A. (2013), A Practitioner's Guide to State and Local Population Projections, ch. 7.
    """
    then = np.ones_like(before)
    then[..., 1:-1] = before[..., :-2]
    then[..., -1] = before[..., -2] + before[..., -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        cohort = np.where(then > 0, after / then, 1.0)
    if capped:
        cohort = np.clip(cohort, LEAST_RATIO, MOST_RATIO)
    mothers = _mothers(after if mothers_before is None else mothers_before)
    with np.errstate(divide="ignore", invalid="ignore"):
        child = np.where(mothers > 0, after[..., 0] / mothers, 0.0)
    return Ratios(cohort, child)


def hamilton_perry(people: Ages, ratios: Ratios, *, steps: int) -> Ages:
    """Project people by the ratios of their cohorts.

    Parameters
    ----------
    people : ndarray, shape (..., a)
        Persons by five-year age group, the last one open.
    ratios : Ratios
        Of the five years before; kept as they are.
    steps : int
        How many times five years.

    Returns
    -------
    ndarray, shape (steps + 1, ..., a)
        Persons; the first entry is the start.

    References
    ----------
    Hamilton, C. H. and Perry, J. (1962), Social Forces 41, 163-170.
    """
    path = [people]
    for _ in range(steps):
        now = path[-1]
        older = np.zeros_like(
            np.broadcast_to(now, np.broadcast_shapes(now.shape, ratios.cohort.shape))
        )
        older[..., 1:-1] = now[..., :-2] * ratios.cohort[..., 1:-1]
        older[..., -1] = (now[..., -2] + now[..., -1]) * ratios.cohort[..., -1]
        older[..., 0] = _mothers(older) * ratios.child
        path.append(older)
    return np.stack(np.broadcast_arrays(*path))


def share_from_sixty(people: Ages) -> Vector:
    """Measure how large a part of people is 60 and over.

    Parameters
    ----------
    people : ndarray, shape (..., a)
        Persons by five-year age group.

    Returns
    -------
    ndarray, shape (...)
        Per cent; NaN where there is nobody.

    References
    ----------
    United Nations (2019), World Population Ageing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Vector = 100 * people[..., SIXTY:].sum(axis=-1) / people.sum(axis=-1)
    return share


def first_passage(draws: Ages, years: NDArray[np.int64], limit: float) -> tuple[Vector, Vector]:
    """Tell when a share passes a limit, and how sure that is.

    Parameters
    ----------
    draws : ndarray, shape (d, n, y)
        Random futures of the share of each place in each year, in per cent.
    years : ndarray, shape (y,)
        CE years, rising; between them the share is taken to move in a straight line.
    limit : float
        In per cent, such as 10, 20 or 28.

    Returns
    -------
    tuple of (ndarray, shape (n,), ndarray, shape (n, y))
        First year by which half of the futures have reached the limit (NaN when fewer do);
        and the part of futures (0-1) that have reached it by each year.

    References
    ----------
    Lee, R. D. and Tuljapurkar, S. (1994), J. Am. Stat. Assoc. 89, 1175-1189 (random futures).
    """
    every = np.arange(int(years[0]), int(years[-1]) + 1)
    at = np.searchsorted(years, every, side="left")
    left = np.maximum(at - 1, 0)
    width = np.maximum(years[at] - years[left], 1)
    part = (every - years[left]) / width
    path = draws[..., left] + (draws[..., at] - draws[..., left]) * part
    path[..., 0] = draws[..., 0]
    reached = np.maximum.accumulate(path >= limit, axis=-1).mean(axis=0)
    is_half = reached >= 0.5  # noqa: PLR2004
    year = np.where(is_half.any(axis=-1), every[is_half.argmax(axis=-1)], np.nan)
    return year, reached[..., np.searchsorted(every, years)]


def between(values: Ages, years: NDArray[np.int64], every: NDArray[np.int64]) -> Ages:
    """Fill in the years between steps in straight lines.

    Parameters
    ----------
    values : ndarray, shape (s, d)
        At the steps, in any unit.
    years : ndarray, shape (s,)
        CE years of the steps, rising.
    every : ndarray, shape (y,)
        CE years wanted, none beyond the steps.

    Returns
    -------
    ndarray, shape (y, d)
        In the same unit.

    References
    ----------
    Press, W. H. et al. (2007), Numerical Recipes, 3rd ed., section 3.2.
    """
    right = np.clip(np.searchsorted(years, every), 1, len(years) - 1)
    part = (every - years[right - 1]) / (years[right] - years[right - 1])
    filled: Ages = values[right - 1] + (values[right] - values[right - 1]) * part[:, None]
    return filled


def draw_ratios(
    ratios: Ratios,
    people: Ages,
    *,
    draws: int,
    spread: float | Vector,
    rng: np.random.Generator,
) -> Ratios:
    """Draw random ratios: what they may be, seen from five years of a place of that size.

    Parameters
    ----------
    ratios : Ratios
        As measured; for n places.
    people : ndarray, shape (n, a)
        Persons they were measured on.
    draws : int
        How many futures.
    spread : float or ndarray, shape (a,)
        Standard deviation of the logarithm of a ratio from one period of five years to the
        next in a large place, as a share, for all ages or for each; chance in small numbers is
        added by size.
    rng : Generator
        Seeded by the caller: the same seed gives the same futures.

    Returns
    -------
    Ratios
        With ``draws`` as their first axis. Half of the variance shifts all ages of a place
        together, half each age by itself, as people move at some ages more than at others;
        chance in its number is each age's own.

    References
    ----------
    Smith, S. K., Tayman, J. and Swanson, D. A. (2013), A Practitioner's Guide to State and Local
    Population Projections, ch. 13 (errors grow as places get smaller).
    """
    count, ages = people.shape
    common = rng.standard_normal((draws, count, 1))
    own = rng.standard_normal((draws, count, ages))
    chance = rng.standard_normal((draws, count, ages)) / np.sqrt(np.maximum(people, 1.0))
    moved = spread * np.sqrt(0.5) * (common + own) + chance
    cohort = np.clip(ratios.cohort * np.exp(moved), LEAST_RATIO, MOST_RATIO)
    births_vary = 2 * np.mean(spread) * rng.standard_normal((draws, count))
    return Ratios(cohort, ratios.child * np.exp(births_vary))


def _mothers(people: Ages) -> Vector:
    mothers: Vector = people[..., FIRST_MOTHER:LAST_MOTHER].sum(axis=-1)
    return mothers
