"""The catalogue of what is measured, read as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from geo_service.core.text import Text


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit set by a policy, with who set it; in the indicator's unit."""

    value: float
    label: Text
    authority: str


@dataclass(frozen=True, slots=True)
class IndicatorInfo:
    """An indicator as every page and answer describes it."""

    key: str
    theme: str
    name: Text
    unit: Text
    definition: Text
    formula: str
    space_agg: str
    time_agg: str
    tier: str
    direction: int
    privacy: str
    finest_level: str
    calendar: str
    decimals: int
    ramp: str
    thresholds: tuple[Threshold, ...]
    target: float | None
    source: Text
    numerator_keys: tuple[str, ...]
    denominator_key: str | None
    factor: float
    is_component: bool
