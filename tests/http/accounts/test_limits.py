"""Who asks too often or guesses: what waits, and who does not wait with him."""

from __future__ import annotations

import threading
import time

from sqlalchemy import text

from geo_service.core.db import transaction
from tests.accounts import ADMIN, bearer, key_of, lines, sign_in


def test_a_thousand_bad_keys_end_in_429_and_cost_few_questions(client, desk):
    found = []
    for number in range(1000):
        headers = bearer(f"gk_{number:010d}_" + "a" * 43)
        answer = client.get("/account", headers=headers)
        found.append(answer.status_code)
    assert found[0] == 401
    assert found.count(429) >= 980
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert len(lines(desk, action="credentials")) <= 20


def test_who_guesses_does_not_put_the_owner_out(client, desk):
    key = key_of(desk)
    assert client.get("/account", headers=bearer(key)).status_code == 200
    for _ in range(30):
        client.get("/account", headers=bearer(key[:-4] + "AAAA"))
    client.app.state.recognition._keys[key[3:13]]
    assert client.get("/account", headers=bearer(key)).status_code == 200


def test_a_key_that_floods_is_told_to_wait_and_the_others_are_not(desk, client_of):
    client = client_of(desk, key_rate=0.1, key_burst=10)
    flood, calm = key_of(desk), key_of(desk)
    found = [client.get("/account", headers=bearer(flood)) for _ in range(14)]
    assert [one.status_code for one in found[:10]] == [200] * 10
    assert found[-1].status_code == 429
    assert found[-1].json()["retryAfter"] >= 1
    assert client.get("/account", headers=bearer(calm)).status_code == 200


def test_a_name_that_failed_five_times_waits_ever_longer(client, desk):
    found = [sign_in(client, password=f"ไม่ใช่รหัสนี้แน่ {n}").status_code for n in range(7)]
    assert found == [401] * 5 + [429] * 2
    # The right password does not help before the time is over.
    assert sign_in(client).status_code == 429
    waits = []
    for _ in range(3):
        with transaction(desk) as session:
            session.execute(text("UPDATE geo.sign_in_attempt SET locked_until = now()"))
        assert sign_in(client, password="ผิดอีกครั้งหนึ่งนะ").status_code == 401
        waits.append(int(sign_in(client).headers["retry-after"]))
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_name_that_does_not_exist_is_locked_like_one_that_does(client):
    found = [sign_in(client, name="nobody", password="ผิดแน่นอนครับผม").status_code for _ in range(7)]
    assert found == [401] * 5 + [429] * 2


def test_a_name_that_does_not_exist_takes_as_long_as_one_that_does(client):
    def seconds(name):
        started = time.perf_counter()
        sign_in(client, name=name, password="ผิดแน่นอนครับผม")
        return time.perf_counter() - started

    seconds("warm")
    known = sorted(seconds(ADMIN) for _ in range(4))[1]
    unknown = sorted(seconds(f"nobody{n}") for n in range(4))[1]
    assert 0.4 < known / unknown < 2.5


def test_one_key_that_floods_does_not_slow_the_others(desk, serve, settings_for):
    import httpx2  # noqa: PLC0415

    settings = settings_for(
        desk.url.render_as_string(hide_password=False), key_rate=20, key_burst=20
    )
    address = serve(settings)
    flood, calm = bearer(key_of(desk)), bearer(key_of(desk))
    with httpx2.Client(base_url=address) as asker:

        def seconds():
            found = []
            for _ in range(40):
                started = time.perf_counter()
                assert asker.get("/account", headers=calm).status_code in {200, 429}
                found.append(time.perf_counter() - started)
                time.sleep(0.06)
            return sorted(found)[len(found) // 2]

        seconds()
        idle = seconds()
        is_over = threading.Event()

        def ask():
            with httpx2.Client(base_url=address) as own:
                while not is_over.is_set():
                    own.get("/account", headers=flood)

        flooding = threading.Thread(target=ask)
        flooding.start()
        busy = seconds()
        is_over.set()
        flooding.join()
    # The test shares two cores with the flood itself; apart they are measured in docs/accounts.md.
    assert busy < 20 * idle
