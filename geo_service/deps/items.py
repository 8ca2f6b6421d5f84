"""What a request asks of the items of a collection: which, what of them, how many, where from."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from geo_service.core.errors import BadParameter
from geo_service.core.text import Text
from geo_service.deps.context import SessionDep, SettingsDep
from geo_service.deps.parameters import (
    MAX_OFFSET,
    BoxDep,
    CrsDep,
    FilterDep,
    IntervalDep,
    LimitDep,
    PeriodDep,
    declared_parameters,
    parse_count,
    refuse_parameter,
)
from layers import registry
from layers.collection import Collection
from layers.filters import Scalar, parse_value
from layers.questions import Question


class Paging:
    """How much of the answer is wanted, and from where on."""

    def __init__(
        self,
        *,
        settings: SettingsDep,
        limit: LimitDep,
        cursor: Annotated[str | None, Query(description="from the next link")] = None,
        offset: Annotated[str | None, Query(description="for clients without cursors")] = None,
        resulttype: Annotated[str | None, Query(description="results | hits")] = None,
    ) -> None:
        self.limit, self.cursor = limit, cursor
        self.offset = parse_count(offset, "offset", default=0)
        self.most = settings.max_features
        if self.offset > MAX_OFFSET:
            raise BadParameter(
                Text(
                    th=f"offset ต้องไม่เกิน {MAX_OFFSET} ให้ใช้ลิงก์ next แทน",
                    en=f"offset is at most {MAX_OFFSET}; follow the next link instead",
                ),
                parameter="offset",
            )
        if resulttype not in {None, "results", "hits"}:
            raise BadParameter(
                Text(th="resulttype คือ results หรือ hits", en="resulttype is results or hits"),
                parameter="resulttype",
            )
        self.is_counted_only = resulttype == "hits"


def question_of(
    request: Request,
    *,
    session: SessionDep,
    collection_id: str,
    box: BoxDep,
    when: IntervalDep,
    period: PeriodDep,
    crs: CrsDep,
    properties: Annotated[str | None, Query(description="names with commas")] = None,
    sortby: Annotated[str | None, Query(description="names with commas; - goes down")] = None,
    asked_filter: FilterDep = None,
    skip_geometry: Annotated[
        str | None, Query(alias="skipGeometry", description="true | false")
    ] = None,
) -> Question:
    """Read what is asked of a collection; every name comes out of the register.

    Returns
    -------
    Question
        Complete.
    """
    known = registry.read(session, collection_id)
    return Question(
        known,
        box=box,
        when=when,
        period=period,
        equal=_equal(request, known),
        properties=None if properties is None else read_names(properties, known, "properties"),
        sort=() if sortby is None else _sort(sortby, known),
        crs=crs,
        filter=asked_filter,
        with_geometry=not _is_true(skip_geometry),
    )


QuestionDep = Annotated[Question, Depends(question_of)]


def _is_true(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise BadParameter(
            Text(th="skipGeometry คือ true หรือ false", en="skipGeometry is true or false"),
            parameter="skipGeometry",
        )
    return text == "true"


def _equal(request: Request, known: Collection) -> dict[str, Scalar]:
    declared = declared_parameters(request)
    queryable = {one.name: one.kind for one in known.properties if one.is_queryable}
    found: dict[str, Scalar] = {}
    for name, value in request.query_params.items():
        if name in declared:
            continue
        if name not in queryable:
            refuse_parameter(name, declared | set(queryable))
        found[name] = parse_value(value, queryable[name], name)
    return found


def read_names(text: str, known: Collection, parameter: str) -> tuple[str, ...]:
    """Read names of properties.

    Parameters
    ----------
    text : str
        Names with commas.
    known : Collection
        That has them.
    parameter : str
        For the error.

    Returns
    -------
    tuple of str
        Each once.

    Raises
    ------
    BadParameter
        If the collection lacks one.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    for name in names:
        if known.property(name) is None:
            raise BadParameter(
                Text(
                    th=f"'{parameter}': ไม่มีคุณสมบัติ '{name[:60]}' ใน {known.id}",
                    en=f"'{parameter}': {known.id} has no property '{name[:60]}'",
                ),
                parameter=parameter,
                known=[one.name for one in known.properties],
            )
    return names


def _sort(text: str, known: Collection) -> tuple[str, ...]:
    # A plus sign that was not percent-encoded arrives as a space.
    terms = [part.strip().removeprefix("+").strip() for part in text.split(",")]
    names = read_names(",".join(term.removeprefix("-") for term in terms), known, "sortby")
    lists = [one.name for one in known.properties if not one.is_queryable]
    if len(names) != len(terms) or set(names) & set(lists):
        raise BadParameter(
            Text(th="sortby ไม่ถูกต้อง", en="sortby names each sortable property once"),
            parameter="sortby",
        )
    return tuple(terms)
