"""Names that a spreadsheet would run are texts in every table that is given away."""

from __future__ import annotations

import csv
import io

import openpyxl
import pytest
from sqlalchemy import text

from geo_service.core.db import transaction

RUN = '=HYPERLINK("http://example.org","x")'
STARTS = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture
def client(country_engine, client_of):
    with transaction(country_engine) as session:
        session.execute(
            text("UPDATE geo.area SET name_th = :run, name_en = '@SUM(1)' WHERE code = '50'"),
            {"run": RUN},
        )
    return client_of(country_engine)


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "path",
    [
        "/collections/provinces/items?f=csv",
        "/collections/provinces/downloads/provinces.csv",
        "/cube?measures=pop_total,pop_total.change&rows=province&f=csv",
        "/cube?measures=pop_total&rows=province&f=csv&lang=en",
    ],
)
def test_no_cell_of_a_csv_is_run(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    cells = [
        one for row in csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))) for one in row
    ]
    assert not [one for one in cells if one.startswith(STARTS) and not is_number(one)]
    assert f"'{RUN}" in cells or "'@SUM(1)" in cells


@pytest.mark.parametrize("lang", ["th", "en"])
def test_no_cell_of_a_workbook_is_run(client, lang):
    answer = client.get(f"/cube?measures=pop_total&rows=province&f=xlsx&lang={lang}")
    assert answer.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [one.coordinate for one in cells if one.data_type == "f"]
    words = [one.value for one in cells if isinstance(one.value, str)]
    assert not [one for one in words if one.startswith(STARTS)]
    assert (f"'{RUN}" if lang == "th" else "'@SUM(1)") in words
    assert any(isinstance(one.value, (int, float)) for one in cells)
