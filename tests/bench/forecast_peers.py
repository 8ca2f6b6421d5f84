"""Forecasts of other libraries, run in an environment of their own (see `forecasts`).

``python forecast_peers.py IN.npz OUT.npz``: reads series without gaps and, for every origin
asked for, writes the forecasts and both intervals of each model, and the seconds it took.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np

LEVELS = (80, 95)


def auto_ets(series, horizon):
    from statsforecast.models import AutoETS  # noqa: PLC0415

    found = AutoETS(season_length=1).forecast(series, h=horizon, level=list(LEVELS))
    limits = [found[f"{end}-{level}"] for level in LEVELS for end in ("lo", "hi")]
    return np.array([found["mean"], *limits])


def damped_ets(series, horizon):
    import pandas as pd  # noqa: PLC0415
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel  # noqa: PLC0415

    short = len(series) < 8
    model = ETSModel(
        pd.Series(series),
        error="add",
        trend=None if short else "add",
        damped_trend=not short,
        initialization_method="heuristic" if len(series) >= 10 else "estimated",
    )
    fitted = model.fit(disp=False)
    predicted = fitted.get_prediction(start=len(series), end=len(series) + horizon - 1)
    limits = [predicted.pred_int(1 - level / 100) for level in LEVELS]
    ends = [np.asarray(limit)[:, end] for limit in limits for end in (0, 1)]
    return np.array([np.asarray(predicted.predicted_mean), *ends])


MODELS = {"statsforecast AutoETS": auto_ets, "statsmodels ETS damped": damped_ets}


def main(source, target):
    """Run one model over all origins."""
    warnings.simplefilter("ignore")
    given = np.load(source)
    series, origins = given["series"], given["origins"]
    horizons, model = given["horizons"], MODELS[str(given["model"])]
    is_log = bool(given["is_log"])
    made = np.full((len(series), len(origins), 5, int(horizons.max())), np.nan)
    model(np.arange(1.0, 13.0) + np.sin(np.arange(12)), 3)  # compiled before the clock runs
    refused = 0
    start = time.perf_counter()
    for row, one in enumerate(np.log(series) if is_log else series):
        for place, (origin, horizon) in enumerate(zip(origins, horizons, strict=True)):
            try:
                found = model(one[: origin + 1], int(horizon))
            except (ValueError, ArithmeticError, NotImplementedError, np.linalg.LinAlgError):
                refused += 1
                continue
            made[row, place, :, :horizon] = np.exp(np.minimum(found, 50)) if is_log else found
    seconds = time.perf_counter() - start
    np.savez(target, made=made, seconds=seconds, refused=refused)


if __name__ == "__main__":
    main(*sys.argv[1:])
