"""What a page of an error tells people to do."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from geo_service.core.errors import TimedOut
from geo_service.core.text import Text
from web.pages import problem_page


@pytest.mark.parametrize(
    ("method", "said", "may_again"),
    [("GET", "Nothing that is kept has changed", True), ("POST", "may have been done", False)],
)
def test_who_sent_a_form_that_took_too_long_is_told_to_look_first(method, said, may_again):
    scope = {"type": "http", "method": method, "path": "/scenarios/new", "headers": [],
             "query_string": b"lang=en"}  # fmt: skip
    page = problem_page(Request(scope), TimedOut(Text("x", "x")), 504).body.decode()
    assert said in page
    assert ("Try again" in page) is may_again
