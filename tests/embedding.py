"""Tokens for frames: a secret, a page of somebody's, a grant for one map."""

from __future__ import annotations

import base64
import json

import jwt

from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import Resource

SECRET = "kX9-vQ2_mT7bLr4wZ8nYc5hJd3fGp6sA1uEo0iRtKy"
OLDER = "Wq7_zP1-xN5kVb9sMj2tHf6cLg8dRy3aOe4uIiCv0B"
PAGE = "https://www.example.go.th"
MAP = Resource("map", "waste_gen_rate")
OPENED = (
    "/embed/maps/waste_gen_rate?level=province",
    "/maps/waste_gen_rate.json?level=province",
    "/maps/waste_gen_rate.csv?level=province",
    "/maps/waste_gen_rate/legend.json?level=province",
    "/tiles/provinces/6/50/29.mvt?properties=code",
)
#: Where a header is longer than any may be, the server says so first.
REFUSED = {401, 403, 414, 431}


def grant(resource=MAP, **told):
    return grants.make(resource, [PAGE], **{"locked": {"level": "province"}, **told})


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def b64(said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def key_of(signer):
    return signer._keys[signer.kid]
