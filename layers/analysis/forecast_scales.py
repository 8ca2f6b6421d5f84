"""Scales on which series are forecast, so that no forecast leaves what is possible.

Counts and amounts are forecast as logarithms (as square roots where zeros are usual), so none
falls below zero; shares as logits, so none leaves 0-100; what may be negative as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Kind = Literal["amount", "share", "free"]
ScaleName = Literal["log", "root", "logit", "plain"]

#: Above this share of zeros, amounts are forecast as square roots: a zero has no logarithm.
FEW_ZEROS = 0.005
#: A share is drawn in from 0 and 1 by this much before its logit is taken.
SQUEEZE = 0.0025


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale, and the least amount that stands for a zero on it (in the indicator's unit)."""

    name: ScaleName
    floor: float = 0.0
    whole: float = 100.0

    def there(self, values: Matrix) -> Matrix:
        """Bring values onto the scale.

        Parameters
        ----------
        values : ndarray, any shape
            In the indicator's unit; NaN stays.

        Returns
        -------
        ndarray, same shape
            On the scale, no unit.

        References
        ----------
        Smithson, M. and Verkuilen, J. (2006), Psychological Methods 11, 54-71 (shares at 0 and 1).
        """
        if self.name == "log":
            return np.log(np.maximum(values, self.floor))
        if self.name == "root":
            return np.sqrt(np.maximum(values, 0.0))
        if self.name == "logit":
            share = np.clip(values / self.whole, 0.0, 1.0) * (1 - 2 * SQUEEZE) + SQUEEZE
            return np.log(share / (1 - share))
        return values

    def back(self, scaled: Matrix) -> Matrix:
        """Bring what is on the scale back to the indicator's unit.

        Parameters
        ----------
        scaled : ndarray, any shape
            On the scale, no unit.

        Returns
        -------
        ndarray, same shape
            In the indicator's unit, never outside what is possible.

        References
        ----------
        Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: Principles and Practice,
        3rd ed., sections 5.6 and 13.3.
        """
        if self.name == "log":
            return np.exp(scaled)
        if self.name == "root":
            return np.square(np.maximum(scaled, 0.0))
        if self.name == "logit":
            share = (1 / (1 + np.exp(-scaled)) - SQUEEZE) / (1 - 2 * SQUEEZE)
            return np.clip(share, 0.0, 1.0) * self.whole
        return scaled


def scale_for(values: Matrix, kind: Kind, *, whole: float = 100.0) -> Scale:
    """Choose the scale for an indicator.

    Parameters
    ----------
    values : ndarray, shape (n, t)
        All its series, in its unit; NaN where unknown.
    kind : {"amount", "share", "free"}
        An amount is never below zero, a share lies between zero and ``whole``.
    whole : float
        What all of it is: 100 for per cent.

    Returns
    -------
    Scale
        ``plain`` where the values contradict the kind.

    References
    ----------
    Hyndman, R. J. and Athanasopoulos, G. (2021), Forecasting: Principles and Practice, 3rd ed.,
    section 13.3.
    """
    known = values[np.isfinite(values)]
    if kind == "free" or known.size == 0 or known.min() < 0:
        return Scale("plain")
    if kind == "share" and known.max() <= whole:
        return Scale("logit", whole=whole)
    if np.mean(known == 0) > FEW_ZEROS:
        return Scale("root")
    positive = known[known > 0]
    return Scale("log", floor=float(positive.min()) / 2 if positive.size else 1.0)
