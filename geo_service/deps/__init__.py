"""From a request to typed values, and from a state of the data to the headers of an answer."""

from geo_service.deps.answers import VARY, base_url, choose_format, revalidate
from geo_service.deps.context import LangDep, SessionDep, SettingsDep, settings_of
from geo_service.deps.parameters import (
    DEFAULT_LIMIT,
    MAX_OFFSET,
    BoxDep,
    CrsDep,
    FilterDep,
    IntervalDep,
    LimitDep,
    PeriodDep,
    box,
    declared_parameters,
    known_parameters,
    parse_count,
    parse_numbers,
    refuse_parameter,
)

__all__ = [
    "DEFAULT_LIMIT",
    "MAX_OFFSET",
    "VARY",
    "BoxDep",
    "CrsDep",
    "FilterDep",
    "IntervalDep",
    "LangDep",
    "LimitDep",
    "PeriodDep",
    "SessionDep",
    "SettingsDep",
    "base_url",
    "box",
    "choose_format",
    "declared_parameters",
    "known_parameters",
    "parse_count",
    "parse_numbers",
    "refuse_parameter",
    "revalidate",
    "settings_of",
]
