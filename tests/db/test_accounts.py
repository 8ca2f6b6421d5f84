"""Accounts in the database: what it refuses by itself, and what outlives the sample."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from geo_service.cli import steps
from geo_service.core import audit, migrations
from geo_service.core.accounts import aside, keys, people
from geo_service.core.accounts.people import Wishes
from geo_service.core.db import transaction
from geo_service.core.errors import BadParameter, Conflict, Forbidden, NotFound

PASSWORD = "เรือใบลำเล็กกลางทะเล"
COLUMNS = "name, role, place_code, password_hash, openid_issuer, openid_subject"


@pytest.mark.parametrize(
    ("why", "values"),
    [
        ("a name in capitals", "('Somsri', 'reader', NULL, NULL, NULL, NULL)"),
        ("no such role", "('x', 'king', NULL, NULL, NULL, NULL)"),
        ("nobody's role", "('x', 'anonymous', NULL, NULL, NULL, NULL)"),
        ("an organisation without one", "('x', 'lao', NULL, NULL, NULL, NULL)"),
        ("a place without need", "('x', 'dla', '50', NULL, NULL, NULL)"),
        ("two ways in", "('x', 'dla', NULL, 'hash', 'https://i', 's')"),
        ("half of OpenID", "('x', 'dla', NULL, NULL, 'https://i', NULL)"),
        ("an administrator by OpenID", "('x', 'admin', NULL, NULL, 'https://i', 's')"),
    ],
)
def test_the_database_itself_refuses_an_account_with(session, why, values):
    with pytest.raises(IntegrityError):
        session.execute(text(f"INSERT INTO geo.account ({COLUMNS}) VALUES {values}"))  # noqa: S608


@pytest.mark.parametrize("what", ["UPDATE geo.audit SET what = 'x'", "DELETE FROM geo.audit"])
def test_the_record_is_only_added_to(session, what):
    audit.note(session, "load", None, what="x")
    with pytest.raises(ProgrammingError, match="added and never changed"):
        session.execute(text(what))


def test_something_that_is_not_in_the_list_is_not_noted(session):
    with pytest.raises(KeyError):
        audit.note(session, "something", None)


def test_what_is_noted_is_cut_to_a_length_and_holds_no_null_character(session):
    audit.note(session, "load", None, what="a\x00" + "b" * 5000)
    kept = audit.read(session, audit.Wanted())[0].what
    assert kept.startswith("ab")
    assert len(kept) == 400


def test_every_action_has_words_in_both_languages():
    for words in audit.ACTIONS.values():
        assert words.en
        assert any("ก" <= letter <= "๙" for letter in words.th)


def test_the_last_administrator_stays(session):
    people.add(session, "one", role="admin", password=PASSWORD)
    with pytest.raises(Conflict):
        people.disable(session, "one")
    with pytest.raises(Conflict):
        people.change(session, "one", Wishes(role="reader"))
    people.add(session, "two", role="admin", password=PASSWORD)
    people.disable(session, "one")
    with pytest.raises(Conflict):
        people.disable(session, "two")


def test_a_name_is_found_however_it_is_typed(session):
    people.add(session, " Somsri ", role="reader", password=PASSWORD)
    assert people.read(session, "SOMSRI").name == "somsri"
    with pytest.raises(Conflict):
        people.add(session, "somsri", role="reader")


@pytest.mark.parametrize(
    "name",
    ["", "ab", "a b c", "<script>", "a/b", "x" * 101, "a\x00bc", "som\u200bsri", "som\u202esri"],
)
def test_a_name_that_would_be_trouble_is_refused(session, name):
    with pytest.raises(BadParameter):
        people.add(session, name, role="reader")


def test_a_thai_name_will_do(session):
    made = people.add(session, "สมศรี.ใจดี", role="reader", title="สมศรี\u200b \u202eใจดี")
    assert (made.name, made.title) == ("สมศรี.ใจดี", "สมศรี ใจดี")


def test_a_key_has_no_more_scopes_than_the_role(session):
    people.add(session, "reader", role="reader")
    with pytest.raises(Forbidden):
        keys.make(session, "reader", label="", scopes=["load"])
    with pytest.raises(BadParameter):
        keys.make(session, "reader", label="", scopes=["everything"])
    with pytest.raises(BadParameter):
        keys.make(session, "reader", label="", scopes=[])
    with pytest.raises(BadParameter):
        keys.make(session, "reader", label="", scopes=["read"], days=4000)
    with pytest.raises(NotFound):
        keys.make(session, "nobody", label="", scopes=["read"])


def test_an_account_holds_a_bounded_number_of_keys(session):
    people.add(session, "reader", role="reader")
    prefixes = [
        keys.make(session, "reader", label="", scopes=["read"])[1] for _ in range(keys.MOST_KEYS)
    ]
    with pytest.raises(Conflict):
        keys.make(session, "reader", label="", scopes=["read"])
    keys.revoke(session, prefixes[0])
    keys.make(session, "reader", label="", scopes=["read"])


def test_accounts_and_the_record_outlive_the_sample(fresh_engine, settings_for):
    url = fresh_engine.url.render_as_string(hide_password=False)
    with transaction(fresh_engine) as session:
        people.add(session, "somsri", role="admin", password=PASSWORD)
        keys.make(session, "somsri", label="x", scopes=["read"])
        audit.note(session, "load", None, what="sample")
        # Rules an administrator made stricter do not go back to what they were.
        session.execute(text("UPDATE privacy_class SET smallest = 7 WHERE code = 'P2'"))
        session.execute(text("DELETE FROM geo_inside.sight WHERE role = 'lao'"))
    kept = ("geo.account", "geo.api_key", "geo.audit", "geo.privacy_class", "geo_inside.sight")
    before = [_rows(fresh_engine, name) for name in kept]
    aside.put_aside(fresh_engine)
    migrations.downgrade(url)
    # Killed here: the next command that looks after the tables brings them back.
    steps.migrate(settings_for(url))
    assert [_rows(fresh_engine, name) for name in kept] == before
    with transaction(fresh_engine) as session:
        people.add(session, "another", role="reader")
        audit.note(session, "load", None, what="real")
        assert len(audit.read(session, audit.Wanted())) == 2
        assert session.scalar(text("SELECT to_regnamespace('geo_aside')")) is None


def _rows(engine, name):
    with engine.connect() as connection:
        return connection.execute(text(f"SELECT t::text FROM {name} t ORDER BY 1")).scalars().all()  # noqa: S608
