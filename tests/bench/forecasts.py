"""Measures forecasts on real series: error, coverage of the intervals and time, beside others.

``python -m tests.bench.forecasts`` prints a table for the waste of 77 provinces in 13 years and
the people of nearly 7,000 sub-districts in 27 years. Every library forecasts the same series
from the same years and is scored on the same cells; nobody sees what came after the year a
forecast starts from. The others run in an environment of their own, made on demand, on a
sample where they need long; their time is given for a thousand forecasts, as is ours.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl

from layers.analysis.backtest import backtest
from layers.analysis.forecast import FEWEST_YEARS, LONGEST_HORIZON, histories, origins
from layers.analysis.forecast_scales import scale_for
from layers.analysis.intervals import LEVELS, errors, pool

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
ENVIRONMENT = ROOT / ".benchmarks" / "forecast-peers"
PEERS = ("statsforecast>=2.0.2", "statsmodels>=0.14.5")
OURS = "this service"
#: The goals: error over the better peer's, points of coverage, times as fast.
MOST_MASE, MOST_POINTS, LEAST_SPEEDUP = 1.03, 3.0, 10.0


@dataclass(frozen=True, slots=True)
class Case:
    """Series without gaps before the first origin; ``seen`` years were observed."""

    name: str
    series: np.ndarray
    seen: np.ndarray
    samples: dict[str, int]

    @property
    def origins(self) -> list[int]:
        """Columns from which there is a forecast to be judged."""
        columns = self.series.shape[1]
        return [at for at in range(FEWEST_YEARS - 1, columns - 1) if self.seen[at]]

    def horizon(self, origin: int) -> int:
        """How far from an origin: half of the years seen by then, ten at most."""
        years = int(self.seen[: origin + 1].sum())
        return min(years // 2, LONGEST_HORIZON)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table; coverage in per cent, ``milliseconds`` for a thousand forecasts."""

    library: str
    series: int
    cells: int
    mase: float
    coverage: tuple[float, float]
    milliseconds: float
    ours: float
    refused: int


def waste() -> Case:
    """Tonnes a day by province, B.E. 2556-2568."""
    path = SHARED / "pcd_msw" / "msw_province_year.csv"
    wide = pl.read_csv(path).pivot(
        on="year_be", index="pcd_province_no", values="generated_ton_day", sort_columns=True
    )
    series = wide.drop("pcd_province_no").to_numpy().astype(np.float64)
    every = {"statsforecast AutoETS": len(series), "statsmodels ETS damped": len(series)}
    return Case("waste, provinces", series, np.ones(series.shape[1], dtype=bool), every)


def people() -> Case:
    """People by sub-district, 1993-2021 without 2015 and 2016; places with every year only."""
    path = SHARED / "ahoerstemeier_tambon" / "tambon_population_1993_2021.csv"
    table = pl.read_csv(path, infer_schema_length=None)
    years = range(1993, 2022)
    columns = [
        table[f"pop_{year}"].cast(pl.Float64) if f"pop_{year}" in table.columns
        else pl.Series([None] * len(table), dtype=pl.Float64)
        for year in years
    ]  # fmt: skip
    series = np.column_stack([column.to_numpy() for column in columns])
    seen = np.isfinite(series).any(axis=0)
    series = series[np.isfinite(series[:, seen]).all(axis=1) & (np.nan_to_num(series) >= 0).all(1)]
    series = series[(series[:, seen] > 0).all(axis=1)]
    known = np.flatnonzero(seen)
    filled = np.array([np.interp(range(len(years)), known, np.log(row[known])) for row in series])
    samples = {"statsforecast AutoETS": 500, "statsmodels ETS damped": 60}
    return Case("people, sub-districts", np.exp(filled), seen, samples)


def ours(case: Case) -> tuple[np.ndarray, float]:
    """Forecast and interval limits of the service; the clock runs for all that is served."""
    start = time.perf_counter()
    observed = np.where(case.seen, case.series, np.nan)
    scale = scale_for(observed, "amount")
    known = histories(scale.there(observed))
    standing = origins(known)
    made = errors(known, standing, max(case.horizon(at) for at in case.origins))
    backtest(known, standing, made, scale)
    together = pool(made)
    found = []
    for at in case.origins:
        centre, spread = made.forecasts[:, at], made.scales[:, at, None]
        limits = together.limits(at)
        ends = [centre + spread * limits[level][:, end] for level in LEVELS for end in (0, 1)]
        found.append(np.stack([scale.back(one) for one in (centre, *ends)], axis=1))
    return np.stack(found, axis=1), time.perf_counter() - start


def scores(case: Case, made: np.ndarray, rows: np.ndarray, where: np.ndarray | None = None):
    """MASE, coverage of both intervals, and the cells that were judged."""
    off, inside = [], {level: [] for level in LEVELS}
    for place, at in enumerate(case.origins):
        ahead = [h for h in range(1, case.horizon(at) + 1)
                 if at + h < case.series.shape[1] and case.seen[at + h]]  # fmt: skip
        steps = np.array(ahead) - 1
        came = case.series[rows][:, at + 1 + steps]
        past = case.series[rows][:, : at + 1]
        moved = np.abs(np.diff(past, axis=1)).mean(axis=1, keepdims=True)
        forecast = made[:, place][:, :, steps]
        cell = np.abs(forecast[:, 0] - came) / np.where(moved > 0, moved, np.nan)
        off.append(cell.ravel())
        for level, low in zip(LEVELS, (1, 3), strict=True):
            within = (came >= forecast[:, low]) & (came <= forecast[:, low + 1])
            inside[level].append(np.where(np.isfinite(forecast[:, low]), within, np.nan).ravel())
    flat = np.concatenate(off)
    judged = np.isfinite(flat) if where is None else where
    covered = [float(np.nanmean(np.concatenate(inside[level])[judged])) for level in LEVELS]
    return float(np.mean(flat[judged])), (100 * covered[0], 100 * covered[1]), judged


def peer(case: Case, name: str, *, is_log: bool, rows: np.ndarray) -> tuple[np.ndarray, float, int]:
    """Run a library in its own environment."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        horizons = [case.horizon(at) for at in case.origins]
        np.savez(source, series=case.series[rows], origins=case.origins, horizons=horizons,
                 model=name, is_log=is_log)  # fmt: skip
        script = Path(__file__).with_name("forecast_peers.py")
        python = ENVIRONMENT / "bin" / "python"
        subprocess.run([python, script, source, target], check=True, env={"OMP_NUM_THREADS": "1"})  # noqa: S603
        found = np.load(target)
        return found["made"], float(found["seconds"]), int(found["refused"])


def compare(case: Case, *, share: float) -> list[Line]:
    """Score the service and every library on the same cells."""
    made, seconds = ours(case)
    everyone = np.arange(len(case.series))
    per_thousand = 1e6 / (len(case.series) * len(case.origins))
    mase, covered, judged = scores(case, made, everyone)
    lines = [Line(OURS, len(everyone), int(judged.sum()), mase, covered, seconds * per_thousand,
                  mase, 0)]  # fmt: skip
    for name, count in case.samples.items():
        size = max(10, int(count * share))
        step = max(1, len(everyone) // size)
        rows = everyone[::step][:size]
        for is_log in (False, True):
            other, took, refused = peer(case, name, is_log=is_log, rows=rows)
            theirs, covered, judged = scores(case, other, rows)
            same, _, _ = scores(case, made[rows], rows, judged)
            label = f"{name}, logarithms" if is_log else name
            each = took * 1e6 / (len(rows) * len(case.origins))
            lines.append(
                Line(label, len(rows), int(judged.sum()), theirs, covered, each, same, refused)
            )
    return lines


def table(case: Case, lines: list[Line]) -> str:
    """The table, and whether the goals are met."""
    head = (
        f"\n{case.name}: {case.series.shape[0]} series, {case.series.shape[1]} years, "
        f"{len(case.origins)} origins\n\n"
        "| library | series | cells | MASE | ours, same cells | 80 % | 95 % | ms for 1,000 |\n"
        "|-|-:|-:|-:|-:|-:|-:|-:|\n"
    )
    rows = "\n".join(
        f"| {one.library}{f' ({one.refused} failed)' if one.refused else ''} | {one.series:,} "
        f"| {one.cells:,} | {one.mase:.3f} | {one.ours:.3f} | {one.coverage[0]:.1f} "
        f"| {one.coverage[1]:.1f} | {one.milliseconds:,.1f} |"
        for one in lines
    )
    own, *others = lines
    worst = max(one.ours / one.mase for one in others)
    points = max(abs(own.coverage[0] - LEVELS[0]), abs(own.coverage[1] - LEVELS[1]))
    speedup = min(one.milliseconds for one in others) / own.milliseconds
    met = [worst <= MOST_MASE, points <= MOST_POINTS, speedup >= LEAST_SPEEDUP]
    words = ["missed", "met"]
    return (
        f"{head}{rows}\n\n"
        f"error over the best other's: {worst:.3f} (goal {MOST_MASE}: {words[met[0]]}); "
        f"coverage off by {points:.1f} points at most (goal {MOST_POINTS:.0f}: {words[met[1]]}); "
        f"{speedup:,.0f} times as fast as the fastest (goal {LEAST_SPEEDUP:.0f}: {words[met[2]]})"
    )


def prepare() -> None:
    """Make the environment of the others, once."""
    if (ENVIRONMENT / "bin" / "python").exists():
        return
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", ENVIRONMENT], check=True)  # noqa: S603
    python = ["--python", ENVIRONMENT / "bin" / "python"]
    subprocess.run([uv, "pip", "install", "--quiet", *python, *PEERS], check=True)  # noqa: S603


def bench(*, quick: bool = False) -> None:
    """Print the tables."""
    if not SHARED.exists():
        print("forecasts: left out, the open data is not beside the project")  # noqa: T201
        return
    prepare()
    for case in (waste(), people()):
        print(table(case, compare(case, share=0.1 if quick else 1.0)), flush=True)  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the samples")
    bench(quick=parser.parse_args().quick)
