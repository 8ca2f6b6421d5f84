"""The desk where files are handed in: people of every role, and a small report that they send."""

from __future__ import annotations

from sqlalchemy import text

from geo_service.core.accounts import people
from geo_service.core.db import make_engine, transaction
from tests.waiting import wait_until
from tests.waste_report import BY_LEVEL

PASSWORD = "เรือใบลำเล็กกลางทะเล"
HEADER = "code,ระดับ,ชื่อ,ปี,ขยะ\n"
OWN = "6500103,อปท.,อบต.ท่าช้าง"
GOOD = HEADER + f"{OWN},2561,30\n{OWN},2562,12.5\n"
SOME_BAD = HEADER + f"{OWN},2562,31\n9999999,อปท.,ไม่มีจริง,2562,77777\n"
STORED = "SELECT count(*) FROM geo.observation WHERE dataset_id = 'waste-report'"
PEOPLE = (
    ("lao.one", "lao", "6500103"), ("ana", "analyst", None), ("dla.one", "dla", None),
    ("dla.two", "dla", None), ("boss", "admin", None), ("reader", "reader", None),
    ("lao.two", "lao", "5510101"), ("office", "province", "50"),
)  # fmt: skip


class Desk:
    """A service with recipes of its own, and people who sign in to it."""

    def __init__(self, engine, client_of, settings):
        self.engine, self._client_of, self.settings = engine, client_of, settings
        self.clients = {}

    def __call__(self, name):
        if name not in self.clients:
            client = self._client_of(self.engine, **self.settings)
            said = client.post("/account/sign-in", json={"name": name, "password": PASSWORD})
            client.headers["X-CSRF-Token"] = said.json()["csrf"]
            client.headers["Origin"] = "http://testserver"
            self.clients[name] = client
        return self.clients[name]

    def send(self, content, who="lao.one", name="waste.csv", recipe="mine"):
        body = content if isinstance(content, bytes) else content.encode()
        return self(who).post("/submissions", params={"recipe": recipe, "name": name}, content=body)

    def sent(self, content, who="lao.one", **said):
        made = self.send(content, who, **said)
        assert made.status_code == 201, made.text
        return self.settled(made.json()["id"])

    def settled(self, number):
        under_way = f"SELECT task FROM geo.submission WHERE id = {number}"  # noqa: S608
        wait_until(lambda: not self.stored(under_way))
        return self("boss").get(f"/submissions/{number}").json()

    def step(self, number, step, who, **said):
        answers = []

        def is_answered():
            answers.append(self(who).post(f"/submissions/{number}/{step}", json=said))
            # A process that has finished its work needs a moment to end.
            return answers[-1].status_code != 503

        wait_until(is_answered)
        return answers[-1]

    def done(self, number, step, who):
        answer = self.step(number, step, who)
        assert answer.status_code in {200, 202}, answer.text
        return self.settled(number)

    def stored(self, sql=STORED):
        with self.engine.connect() as connection:
            return connection.execute(text(sql)).scalar()

    def files(self):
        return sorted((self.settings["data_dir"] / "submissions").glob("*"))


def with_people(url):
    """Open a database and let the people in."""
    made = make_engine(url)
    with transaction(made) as session:
        for name, role, place in PEOPLE:
            people.add(session, name, role=role, place=place, password=PASSWORD)
    return made


def opened(engine, client_of, folder, *, upload_mb, **recipes):
    """Open a desk that knows the small report as ``mine``, and other recipes by their names."""
    (folder / "recipes").mkdir()
    for name, content in {"mine": BY_LEVEL, **recipes}.items():
        (folder / "recipes" / f"{name}.toml").write_text(content, encoding="utf-8")
    return Desk(engine, client_of, {"data_dir": folder, "upload_mb": upload_mb})
