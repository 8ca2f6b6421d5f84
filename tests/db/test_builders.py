"""The tiny country is what its builder says it is."""

from sqlalchemy import text

from tests.builders import POPULATION_2024


def test_the_tiny_country_holds_what_the_builder_tells(session, small_country):
    counted = dict(
        session.execute(text("SELECT level, count(*) FROM geo.area GROUP BY level")).all()
    )
    assert counted == {"country": 1, "region": 1, "province": 2, "district": 4, "subdistrict": 10}
    total = session.scalar(
        text("SELECT sum(value) FROM geo.observation WHERE indicator_key = 'pop_total'"
             " AND period_key = '2024'")
    )  # fmt: skip
    assert total == sum(value for value in POPULATION_2024.values() if value) == 41_500


def test_its_sub_districts_fill_their_districts_exactly(session, small_country):
    odd = session.execute(
        text("""SELECT d.code FROM geo.area d
                JOIN geo.area s ON s.parent_id = d.id
                WHERE d.level = 'district'
                GROUP BY d.code, d.geom
                HAVING NOT ST_Equals(d.geom, ST_Union(s.geom))""")
    ).all()
    assert odd == []


def test_nothing_of_an_earlier_test_is_left(session):
    assert session.scalar(text("SELECT count(*) FROM geo.area")) == 0
