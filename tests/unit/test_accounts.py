"""Rules of passwords, roles, limits and of who is let in; no database, no network."""

from __future__ import annotations

import pytest

from geo_service.core.accounts import passwords
from geo_service.core.accounts.admission import read_rules
from geo_service.core.accounts.limits import Buckets, neighbourhood
from geo_service.core.accounts.openid import Person
from geo_service.core.accounts.recognition import parse_key
from geo_service.core.accounts.shelf import SHARED_NUMBERS, OwnShelf, SharedShelf
from geo_service.core.accounts.tokens import (
    digest,
    form_token,
    is_form_token,
    is_same,
    make_readable,
    make_secret,
)
from geo_service.core.auth import ANONYMOUS, ROLE_NAMES, ROLE_SCOPES, ROLES, SCOPES
from geo_service.core.errors import BadParameter


@pytest.mark.parametrize(
    "password",
    [
        "short", "elevenchars", "x" * 201, "password1234", "PASSWORD-2567!", "passwordpassword",
        "กรุงเทพ123456", "123456789012", "aaaaaaaaaaaaaaaa", "abababababab", "qwertyuiop123",
        "abcdefghijkl", "somsri.w2569", "somsri.w@dla.go.th", "สวัสดีสวัสดี",
    ],
)  # fmt: skip
def test_a_password_that_is_short_or_easily_guessed_is_refused(password):
    with pytest.raises(BadParameter):
        passwords.examine(password, "somsri.w@dla.go.th", "สมศรี")


@pytest.mark.parametrize(
    "password",
    ["เรือใบลำเล็กกลางทะเล", "correct horse battery", "tj7-Pq2 mmx-91k", "x" * 5 + "abcdefg"],
)
def test_a_short_sentence_will_do(password):
    passwords.examine(password, "somsri", "สมศรี")


def test_a_password_is_kept_as_argon2id_and_known_again():
    kept = passwords.keep("เรือใบลำเล็กกลางทะเล")
    assert kept.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert passwords.is_right(kept, "เรือใบลำเล็กกลางทะเล")
    assert not passwords.is_right(kept, "เรือใบลำเล็กกลางทะเล ")
    assert not passwords.is_right(None, "เรือใบลำเล็กกลางทะเล")
    assert passwords.keep("เรือใบลำเล็กกลางทะเล") != kept


def test_the_same_letters_from_another_keyboard_are_the_same_password():
    # NFC and NFD of "é", and full-width digits, are one under NFKC (Unicode, annex 15).
    kept = passwords.keep("caf\u00e9 au lait 1234")
    assert passwords.is_right(kept, "cafe\u0301 au lait \uff11\uff12\uff13\uff14")


def test_a_secret_has_256_bits_and_a_readable_one_more_than_100():
    assert len(make_secret()) == 43
    assert len({make_secret() for _ in range(100)}) == 100
    letters = make_readable().replace("-", "")
    assert len(letters) == 25
    assert not set(letters) & set("il1o0")


def test_a_secret_is_compared_with_its_hash():
    secret = make_secret()
    assert len(digest(secret)) == 32
    assert is_same(digest(secret), secret)
    assert not is_same(digest(secret), make_secret())


def test_the_token_of_a_form_belongs_to_one_cookie():
    one, other = make_secret(), make_secret()
    assert is_form_token(one, form_token(one))
    assert not is_form_token(other, form_token(one))
    assert not is_form_token(one, "ก")
    assert one not in form_token(one)


@pytest.mark.parametrize(
    "said", ["", "gk_", "gk_short_x", "gk_0123456789_" + "a" * 42, "GK_0123456789_" + "a" * 43,
             "gk_012345678é_" + "a" * 43, "gk_0123456789_" + "a" * 43 + "\n"],
)  # fmt: skip
def test_what_cannot_be_a_key_is_not_looked_up(said):
    assert parse_key(said) is None


def test_a_key_is_a_prefix_and_a_secret():
    assert parse_key("gk_0123456789_" + "a_-" * 14 + "b") == ("0123456789", "a_-" * 14 + "b")


def test_a_bucket_gives_what_it_holds_and_fills_again():
    clock = [100.0]
    buckets = Buckets(3, 0.5, clock=lambda: clock[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a") == pytest.approx(2.0)
    assert buckets.take("b") == 0
    clock[0] += 2
    assert buckets.wait("a") == 0
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0


def test_a_bucket_remembers_a_bounded_number_of_callers():
    shelf = OwnShelf(10)
    buckets = Buckets(1, 1, shelf=shelf)
    for number in range(1000):
        buckets.take(number)
    assert len(shelf._states) == 10


def test_workers_that_share_their_memory_count_together():
    clock, memory = [100.0], [0.0] * SHARED_NUMBERS
    first, second = (
        Buckets(4, 0.5, shelf=SharedShelf(memory, "quota"), clock=lambda: clock[0])
        for _ in range(2)
    )
    assert [one.take(("user", "a")) for one in (first, second, first, second)] == [0] * 4
    assert first.take(("user", "a")) == second.take(("user", "a")) == pytest.approx(2.0)
    assert first.take(("user", "b")) == 0
    clock[0] += 2
    assert second.take(("user", "a")) == 0
    other = Buckets(4, 0.5, shelf=SharedShelf(memory, "failures"), clock=lambda: clock[0])
    assert other.take(("user", "a")) == 0


def test_shared_memory_that_is_full_forgets_who_was_unseen_for_longest():
    clock, memory = [1.0], [0.0] * SHARED_NUMBERS
    buckets = Buckets(1, 1e-6, shelf=SharedShelf(memory, "quota"), clock=lambda: clock[0])
    for number in range(SHARED_NUMBERS):
        clock[0] += 1e-3
        assert buckets.take(number) == 0
    assert buckets.take(SHARED_NUMBERS - 1) > 0
    assert buckets.take(0) == 0


@pytest.mark.parametrize(
    ("address", "caller"),
    [
        ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("2001:db8:1:2::99", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"), ("testclient", "testclient"),
    ],
)  # fmt: skip
def test_a_household_counts_as_one_caller(address, caller):
    assert neighbourhood(address) == caller


def person(**claims):
    email = claims.pop("email", None)
    return Person("https://x", "1", email, "", {"email": email, **claims}, "")


def test_the_first_rule_that_fits_gives_the_role():
    rules = read_rules("somchai@x.go.th=lao:06500101; @dla.go.th=dla  groups:planning=analyst;")

    def role(who):
        return next(((one.role, one.place) for one in rules if one.fits(who)), None)

    assert role(person(email="somchai@x.go.th")) == ("lao", "06500101")
    assert role(person(email="a@dla.go.th")) == ("dla", None)
    assert role(person(email="a@notdla.go.th")) is None
    assert role(person(email="a@evil.dla.go.th")) is None
    assert role(person(groups=["x", "planning"])) == ("analyst", None)
    assert role(person(groups="planning")) == ("analyst", None)
    assert role(person(groups=["planning2"])) is None
    assert role(person(groups=True)) is None
    assert role(person()) is None


@pytest.mark.parametrize(
    "rules", ["", "x", "@dla.go.th=admin", "@dla.go.th=king", "@x=lao", "=reader", "a=reader:"]
)
def test_rules_that_cannot_be_read_or_would_make_an_administrator_are_refused(rules):
    with pytest.raises(BadParameter):
        read_rules(rules)


def test_every_role_has_words_and_scopes():
    assert set(ROLE_NAMES) == set(ROLE_SCOPES) == {"anonymous", *ROLES}
    assert ROLE_SCOPES["admin"] == set(SCOPES)
    assert ANONYMOUS.is_anonymous
    assert not any(ANONYMOUS.may(scope) for scope in ("load", "publish", "manage"))
