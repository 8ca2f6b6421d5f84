"""A database with accounts alone, cleared before each test, and a service over it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from geo_service.core.accounts import people
from geo_service.core.db import make_engine, transaction
from tests.accounts import ADMIN, PASSWORD

#: What a test leaves behind; the owner of the tables may put the guard of the record aside.
CLEAN = """
ALTER TABLE geo.audit DISABLE TRIGGER audit_is_append_only;
DELETE FROM geo.audit; DELETE FROM geo.web_session; DELETE FROM geo.api_key;
DELETE FROM geo.sign_in_attempt; DELETE FROM geo.openid_flow; DELETE FROM geo.account;
ALTER TABLE geo.audit ENABLE TRIGGER audit_is_append_only;
"""


@pytest.fixture(scope="module")
def shared_engine(databases, country_template):
    engine = make_engine(databases.create("accounts", template=country_template))
    yield engine
    engine.dispose()


@pytest.fixture
def desk(shared_engine):
    with transaction(shared_engine) as session:
        session.execute(text(CLEAN))
        people.add(session, ADMIN, role="admin", password=PASSWORD, title="สมศรี")
    return shared_engine


@pytest.fixture
def client(desk, client_of):
    return client_of(desk, memory_mb=16)
