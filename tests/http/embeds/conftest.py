"""A service that knows tokens, and a token for one map."""

from __future__ import annotations

import pytest

from geo_service.core.embeds.tokens import signer_of
from tests.embedding import SECRET, grant


@pytest.fixture
def embedding(client_of, country_engine):
    return client_of(country_engine, embed_tokens=True, embed_secret=SECRET, key_burst=10_000)


@pytest.fixture
def signer(settings_for):
    return signer_of(settings_for("postgresql://nowhere/x", embed_tokens=True, embed_secret=SECRET))


@pytest.fixture
def token(signer):
    return signer.issue(grant(), issuer="web")[0]
