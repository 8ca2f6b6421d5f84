"""Checks between the values of a file: bounds, sums, jumps, copies, printed totals.

A value that cannot be is refused; one that is merely suspect is kept with a flag. Every finding
is in the report.
"""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sqlalchemy import select

from geo_service.core.text import Text
from ingest.columns import stated_period
from ingest.drafts import Draft, slice_key
from ingest.load import Loading
from ingest.recipe_parts import Bounds, Copied, Jumps, PeriodPart, PerPerson, Sums, Total
from layers.models import PeriodRow, PlaceValue

#: Turns a median absolute deviation into a standard deviation of normal data.
_MAD_TO_SD = 1.4826
_FEWEST_CHANGES = 20
_NEAREST_YEARS = 5

_OUTSIDE = Text(
    th="{value:,.10g} อยู่นอกช่วงที่เป็นไปได้ ({span})",
    en="{value:,.10g} is outside what is possible ({span})",
)
_UNLIKELY = Text(
    th="{value:,.10g} อยู่นอกช่วงที่น่าเชื่อ ({span}) อาจผิดหน่วย โปรดตรวจกับต้นทาง",
    en="{value:,.10g} is outside what is likely ({span}); a slip of unit?",
)
_DO_NOT_SUM = Text(
    th="{names} = {total:,.10g} ต่างจาก {whole:,.10g} อยู่ {difference:+,.10g}",
    en="{names} = {total:,.10g}, which is {difference:+,.10g} from {whole:,.10g}",
)
_PER_PERSON = Text(
    th="เท่ากับ {rate:,.4g} ต่อคน (ประชากรปี ค.ศ. {year}) อยู่นอกช่วงที่น่าเชื่อ ({span})",
    en="{rate:,.4g} per person (population of {year}), outside what is likely ({span})",
)
_TOTAL = Text(
    th="{name}: ผลรวมของแถว {total:,.10g} ยอดที่พิมพ์ {printed:,.10g} ต่างกัน {difference:+,.10g}",
    en="{name}: the rows sum to {total:,.10g}, printed is {printed:,.10g} ({difference:+,.10g})",
)

Series = list[Draft]


def run(
    loading: Loading,
    drafts: list[Draft],
    *,
    printed: Sequence[Draft] = (),
    unplaced: Sequence[Draft] = (),
) -> list[Draft]:
    """Run the checks of a recipe and tell the totals of the file.

    Parameters
    ----------
    loading : Loading
        Under way; takes the findings.
    drafts : list of Draft
        One for each key, values in the indicators' units.
    printed : sequence of Draft
        Totals that the file itself prints.
    unplaced : sequence of Draft
        Values of rows whose place was refused: not loaded, but part of the file's sums.

    Returns
    -------
    list of Draft
        Without those that cannot be; suspect ones carry a flag.
    """
    checks = loading.recipe.checks
    for bounds in checks.bounds:
        drafts = _bounds(loading, drafts, bounds)
    for sums in checks.sums:
        _sums(loading, drafts, sums)
    _series_checks(loading, drafts)
    sums_by_key = totals([*drafts, *unplaced])
    for total in checks.totals:
        _stated_total(loading, sums_by_key, total)
    for one in printed:
        _printed_total(loading, sums_by_key, one)
    _tell_figures(loading, drafts, totals(drafts))
    for key, amount in totals(unplaced).items():
        loading.report.figures[f"{_name_of(*key)}, not loaded"] = amount
    return drafts


def _series_checks(loading: Loading, drafts: Sequence[Draft]) -> None:
    checks = loading.recipe.checks
    for jumps in checks.jumps:
        _jumps(loading, drafts, jumps)
    for copied in checks.copied:
        _copied(loading, drafts, copied)
    for per_person in checks.per_person:
        _per_person(loading, drafts, per_person)


def totals(drafts: Iterable[Draft]) -> dict[tuple[str, str, str, str], float]:
    """Add up the values of a file.

    Parameters
    ----------
    drafts : iterable of Draft
        Values in the indicators' units.

    Returns
    -------
    dict
        Sum by (indicator, period key, breakdown, level), rounded to 9 decimals.
    """
    parts: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
    for one in drafts:
        if one.value is not None and one.numerator is None:
            key = (one.indicator, one.period.key, one.breakdown, one.place.level)
            parts[key].append(one.value)
    return {key: round(math.fsum(values), 9) for key, values in parts.items()}


def _flag(loading: Loading, draft: Draft, flag: str, hint: Text) -> None:
    draft.flags.add(flag)
    loading.reject(
        reason=flag, hint=hint, row=draft.row, column=draft.column, said=draft.said,
        severity="flagged",
    )  # fmt: skip


def _bounds(loading: Loading, drafts: list[Draft], spec: Bounds) -> list[Draft]:
    kept = []
    for one in drafts:
        if one.indicator != spec.indicator or one.value is None:
            kept.append(one)
        elif not _within(one.value, spec.low, spec.high):
            loading.reject(
                reason="out-of-bounds",
                hint=_OUTSIDE.format(value=one.value, span=_span(spec.low, spec.high)),
                row=one.row, column=one.column, said=one.said,
            )  # fmt: skip
        else:
            kept.append(one)
            if not _within(one.value, spec.likely_low, spec.likely_high):
                span = _span(spec.likely_low, spec.likely_high)
                _flag(loading, one, "unlikely", _UNLIKELY.format(value=one.value, span=span))
    return kept


def _within(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)


def _span(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"≤ {high:,.10g}" if low is None else f"≥ {low:,.10g}"
    return f"{low:,.10g} - {high:,.10g}"


def _sums(loading: Loading, drafts: Sequence[Draft], spec: Sums) -> None:
    groups: dict[tuple[object, ...], dict[tuple[str, str], Draft]] = defaultdict(dict)
    for one in drafts:
        groups[one.place.is_org, one.place.id, one.period.key][one.indicator, one.breakdown] = one
    part_keys = [_part_key(spec.whole, part) for part in spec.parts]
    for members in groups.values():
        whole = members.get((spec.whole, "{}"))
        parts = [members.get(key) for key in part_keys]
        found = [one for one in parts if one is not None and one.value is not None]
        if whole is None or whole.value is None or len(found) < len(parts):
            continue
        total = math.fsum(one.value for one in found if one.value is not None)
        difference = total - whole.value
        if abs(difference) <= spec.tolerance + 1e-9:
            continue
        for one in found:
            one.flags.add("parts-do-not-sum")
        names = " + ".join(one.column for one in found)
        hint = _DO_NOT_SUM.format(
            names=names, total=total, whole=whole.value, difference=difference
        )
        _flag(loading, whole, "parts-do-not-sum", hint)


def _part_key(whole: str, part: str) -> tuple[str, str]:
    name, separator, value = part.partition("=")
    return (whole, slice_key({name: value})) if separator else (part, "{}")


def _series_of(drafts: Iterable[Draft], indicator: str) -> list[Series]:
    groups: dict[tuple[object, ...], Series] = defaultdict(list)
    for one in drafts:
        if one.indicator == indicator and one.value is not None:
            kind = (one.period.calendar, one.period.granularity)
            groups[one.place.is_org, one.place.id, one.breakdown, kind].append(one)
    for series in groups.values():
        series.sort(key=lambda one: one.period.start)
    return list(groups.values())


def _jumps(loading: Loading, drafts: Sequence[Draft], spec: Jumps) -> None:
    changes = [
        (before, after, math.log(after.value / before.value))
        for series in _series_of(drafts, spec.indicator)
        for before, after in pairwise(series)
        if before.value and after.value and min(before.value, after.value) >= max(spec.floor, 1e-9)
    ]
    limit = _limit(spec, [change for _, _, change in changes])
    for before, after, change in changes:
        years = max(1.0, round((after.period.start - before.period.start).days / 365.25))
        if abs(change) > limit * years:
            ratio = math.exp(change)
            _flag(
                loading, after, "jump",
                Text(
                    th=f"เป็น {ratio:.2f} เท่าของ {before.period.label.th} ({before.said})",
                    en=f"{ratio:.2f} times the value of {before.period.label.en} ({before.said})",
                ),
            )  # fmt: skip


def _limit(spec: Jumps, changes: list[float]) -> float:
    # Largest change of the logarithm in a year that is not told: stated, or so many robust
    # standard deviations of all changes in the file (never told below a tenth).
    if spec.factor is not None:
        return math.log(spec.factor)
    if len(changes) < _FEWEST_CHANGES:
        return math.inf
    centre = statistics.median(changes)
    spread = statistics.median(abs(change - centre) for change in changes) * _MAD_TO_SD
    return max((spec.robust_sd or 3.0) * spread, math.log(1.1))


def _copied(loading: Loading, drafts: Sequence[Draft], spec: Copied) -> None:
    for series in _series_of(drafts, spec.indicator):
        running = 1
        for before, after in pairwise(series):
            running = running + 1 if after.value and after.value == before.value else 1
            if running == spec.periods:
                _flag(
                    loading, after, "copied-forward",
                    Text(
                        th=f"ค่าเดิม {after.said} ซ้ำ {running} งวดติดกัน อาจคัดลอกมาจากงวดก่อน",
                        en=f"{after.said} stands for {running} periods running; carried forward?",
                    ),
                )  # fmt: skip
            elif running > spec.periods:
                after.flags.add("copied-forward")


def _per_person(loading: Loading, drafts: Sequence[Draft], spec: PerPerson) -> None:
    # The population prepared for the place in the nearest year; places without one pass.
    people: dict[tuple[str, int], dict[int, float]] = defaultdict(dict)
    stored = select(PlaceValue.level, PlaceValue.place_id, PeriodRow.start, PlaceValue.value)
    for level, place_id, start, value in loading.session.execute(
        stored.join(PeriodRow, PeriodRow.key == PlaceValue.period_key).where(
            PlaceValue.indicator_key == "pop_total", PlaceValue.value > 0
        )
    ):
        people[level, place_id][start.year] = value or 0.0
    for one in drafts:
        known = people.get((one.place.level, one.place.id))
        if one.indicator != spec.indicator or one.value is None or not known:
            continue
        year = min(known, key=lambda y: abs(y - one.period.year_ce))
        rate = spec.factor * one.value / known[year]
        if abs(year - one.period.year_ce) <= _NEAREST_YEARS and not spec.low <= rate <= spec.high:
            hint = _PER_PERSON.format(rate=rate, span=_span(spec.low, spec.high), year=year)
            _flag(loading, one, "unlikely", hint)


def _stated_total(
    loading: Loading, sums: dict[tuple[str, str, str, str], float], spec: Total
) -> None:
    period = stated_period(spec.period, loading.recipe.period or PeriodPart()).key
    wanted = (spec.indicator, period, slice_key(spec.breakdown))
    for (*key, level), total in sums.items():
        if tuple(key) == wanted and abs(total - spec.printed) > spec.tolerance + 1e-9:
            _tell_total(loading, f"{spec.indicator} {period} ({level})", total, spec.printed)


def _printed_total(
    loading: Loading, sums: dict[tuple[str, str, str, str], float], printed: Draft
) -> None:
    if printed.value is None:
        return
    for (*key, level), total in sums.items():
        same = tuple(key) == (printed.indicator, printed.period.key, printed.breakdown)
        if same and abs(total - printed.value) > 0.5 * 10 ** -_decimals(printed.said):
            name = f"{printed.column} {printed.period.key} ({level})"
            _tell_total(loading, name, total, printed.value, row=printed.row)


def _decimals(said: str | None) -> int:
    return len((said or "").partition(".")[2].rstrip("0"))


def _tell_total(
    loading: Loading, name: str, total: float, printed: float, *, row: int | None = None
) -> None:
    hint = _TOTAL.format(name=name, total=total, printed=printed, difference=total - printed)
    loading.reject(
        reason="total-does-not-match",
        hint=hint,
        row=row,
        said=f"{printed:.15g}",
        severity="flagged",
    )


def _tell_figures(
    loading: Loading, drafts: Sequence[Draft], sums: dict[tuple[str, str, str, str], float]
) -> None:
    days = {one.period.key: one.period.days for one in drafts}
    for (indicator, period, breakdown, level), total in sorted(sums.items()):
        name = _name_of(indicator, period, breakdown, level)
        loading.report.figures[name] = total
        if indicator.endswith("_tpd"):
            loading.report.figures[f"{name}, Mt/year"] = round(total * days[period] / 1e6, 4)


def _name_of(indicator: str, period: str, breakdown: str, level: str) -> str:
    piece = "" if breakdown == "{}" else f" {breakdown}"
    return f"{indicator} {period}{piece} ({level})"
