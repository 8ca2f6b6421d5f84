"""What schemathesis cannot know from the API document: our formats, and what is excepted."""

from __future__ import annotations

from datetime import date
from typing import Any

import schemathesis
from hypothesis import strategies as st

from geo_service.core.settings import Settings

# --- values of the formats that the document names

_YEARS = st.integers(2018, 2025)
_DAYS = st.dates(date(2018, 1, 1), date(2025, 12, 31)).map(date.isoformat)
_PERIODS = st.one_of(
    _YEARS.map(str),
    _YEARS.map(lambda year: str(year + 543)),
    _YEARS.map(lambda year: f"FY{year + 543}"),
    _YEARS.map(lambda year: f"{year}Q3"),
    _YEARS.map(lambda year: f"{year}-06"),
)
_INTERVALS = st.one_of(
    _DAYS,
    _DAYS.map(lambda day: f"{day}T00:00:00Z/.."),
    _DAYS.map(lambda day: f"../{day}"),
    st.tuples(_DAYS, _DAYS).map(lambda days: "/".join(sorted(days))),
    _DAYS.map(lambda day: f"{day}/P3M"),
)
_FILTERS = st.sampled_from(
    (
        "code LIKE '5%'",
        "code IN ('50', '5001', '500101', 'ไม่มี')",
        "NOT (code = 'ก' OR code > 'z')",
        "S_INTERSECTS(geometry, BBOX(99, 13, 101, 15))",
        "CASEI(name_en) LIKE casei('%a%') AND name_th IS NOT NULL",
    )
)

schemathesis.openapi.format("period", _PERIODS)
schemathesis.openapi.format("interval", _INTERVALS)
schemathesis.openapi.format("cql2", _FILTERS)
schemathesis.openapi.format("cursor", st.just(""))

# --- methods that every address answers and the document leaves out: HTTP says what they mean


@schemathesis.hook
def before_load_schema(context: schemathesis.HookContext, raw_schema: dict[str, Any]) -> None:
    """Ask HEAD as GET, and OPTIONS of every address."""
    for methods in raw_schema["paths"].values():
        if (told := methods.get("get")) is None:
            continue
        methods["head"] = {
            **told,
            "operationId": f"{told['operationId']}-head",
            "responses": {key: {"description": "Headers alone"} for key in told["responses"]},
        }
        methods["options"] = {
            "operationId": f"{told['operationId']}-options",
            "parameters": [
                {**one, "schema": {"type": "string"}}
                for one in told["parameters"] if one["in"] == "path"
            ],
            # An odd path may be none of ours.
            "responses": {key: {"description": "Methods"} for key in ("204", "404")},
        }  # fmt: skip


# --- exceptions

#: Their meaning depends on more than a schema can say: the reference system, the collection,
#: the page before, the format, the cells that were made.
_MEANT_TOGETHER = {
    "bbox", "cursor", "filter", "geometry", "properties", "resolution", "sortby",
}  # fmt: skip
#: Addresses whose questions are a language of their own.
_LANGUAGES = {"/cube", "/scenarios"}
_NO_CONTENT = 204
#: A request line of this length is refused before the service reads it.
_LONGEST_LINE = 60_000


@schemathesis.hook
def filter_failure(
    context: schemathesis.HookContext, failure: Any, case: Any, response: Any
) -> bool:
    """Keep a failure unless the standard, or sense, wants just this."""
    query = case.query or {}
    kind = type(failure).__name__
    # Allow tells what this caller may do, who has no credentials here.
    is_his = kind == "AllowHeaderMismatch" and response.status_code == _NO_CONTENT
    # Of two things that are wrong, a parameter nobody knows is told before the method.
    is_first = kind == "UnsupportedMethodResponse" and _is_unknown_parameter(response)
    if is_his or is_first or len(response.request.url) > _LONGEST_LINE:
        return False
    if kind == "AcceptedNegativeData":
        # OGC API - Features, 7.15.2: a limit above the maximum means the maximum.
        return not _is_above_maximum(query.get("limit"))
    if kind == "RejectedPositiveData":
        if case.operation.path in _LANGUAGES:
            return False
        # What is wrong is told in the body, and HEAD has none.
        is_told = response.request.method != "HEAD"
        if is_told and response.headers["content-type"][0].startswith("application/problem+json"):
            return response.json().get("parameter") not in _MEANT_TOGETHER
        return not _MEANT_TOGETHER & set(query)
    return True


def _is_unknown_parameter(response: Any) -> bool:
    is_told = response.headers.get("content-type", [""])[0].startswith("application/problem+json")
    return is_told and response.json().get("code") == "unknown-parameter"


def _is_above_maximum(limit: Any) -> bool:
    return str(limit).isdecimal() and int(limit) > Settings.model_fields["max_features"].default
