"""What a card says besides its value: the target, and where the value is heading."""

from __future__ import annotations

from dataclasses import dataclass

from geo_service.core.text import Lang
from layers.forecasts import words as forecast_words
from layers.foreseen import PlaceForecast
from layers.profile import Line
from web import figures
from web.words import words

_ARROWS = {"rising": "↗", "falling": "↘", "no-clear-trend": "→"}


@dataclass(frozen=True, slots=True)
class Sign:
    """One remark; ``mark`` is ``good``, ``bad`` or empty."""

    words: str
    mark: str


def signs_of(line: Line, trend: PlaceForecast | None, lang: Lang) -> tuple[Sign, ...]:
    """Tell how a value stands to its target, and how sure its trend is.

    Parameters
    ----------
    line : Line
        Of the place.
    trend : PlaceForecast, optional
        Of the place, where there is one.
    lang : {"th", "en"}
        Language of the reader.

    Returns
    -------
    tuple of Sign
        None where there is neither.
    """
    found = [_target(line, lang), _trend(line, trend, lang)]
    return tuple(one for one in found if one is not None)


def _target(line: Line, lang: Lang) -> Sign | None:
    info, value, say = line.info, line.now.value, words(lang)
    if info.target is None or value is None or not info.direction:
        return None
    is_met = value >= info.target if info.direction > 0 else value <= info.target
    said = say["target_is"].replace("{target}", figures.with_unit(info.target, info, lang))
    return Sign(
        f"{said}: {say['target_met' if is_met else 'target_missed']}", "good" if is_met else "bad"
    )


# Mann and Kendall's test says how rarely chance alone shows a trend as strong.
def _trend(line: Line, trend: PlaceForecast | None, lang: Lang) -> Sign | None:
    if trend is None or trend.direction not in _ARROWS:
        return None
    say, info = words(lang), line.info
    told = f"{_ARROWS[trend.direction]} {forecast_words.trend_of(trend, info).in_(lang)}"
    if trend.direction == "no-clear-trend" or trend.p_value is None:
        return Sign(say["target_unsure"].replace("{trend}", told), "")
    sure = min(99.9, 100 * (1 - trend.p_value))
    said = say["target_sure"].replace("{trend}", told).replace("{sure}", f"{sure:.3g}")
    is_up = trend.direction == "rising"
    mark = "" if not info.direction else "good" if is_up == (info.direction > 0) else "bad"
    return Sign(said, mark)
