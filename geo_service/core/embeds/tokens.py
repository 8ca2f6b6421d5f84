"""Signed embed tokens: made here, read here, with one algorithm and keys of our own naming."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from geo_service.core.embeds import grants
from geo_service.core.embeds.grants import KINDS, Grant, Resource
from geo_service.core.errors import BadParameter, Fault, Unauthenticated
from geo_service.core.settings import Settings
from geo_service.core.text import Text

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "embed"
LONGEST_S: Final = 15 * 60
LONGEST_BYTES: Final = 4_000
#: Two machines agree on the time to some seconds.
_LEEWAY_S: Final = 5
_FEWEST_CHARACTERS: Final = 32
_FEWEST_DIFFERENT: Final = 10
_WEAK: Final = ("secret", "change", "default", "password", "example", "test-key", "your-")
_CLAIMS: Final = ("aud", "iss", "exp", "iat", "nbf", "jti", "sub", "res", "origins")


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is good, and what it opens; ``issuer`` is the account that asked for it."""

    jti: str
    kid: str
    issuer: str
    expires_at: int
    grant: Grant


class Signer:
    """Makes and reads tokens of one service.

    Parameters
    ----------
    secret : str
        What new tokens are signed with.
    before : str, optional
        The secret before it: its tokens stay good until they expire.
    name : str
        Of the service, in every token: one of another installation is not good here.
    """

    def __init__(self, secret: str, before: str | None = None, *, name: str) -> None:
        self.name = name
        keys = [_key(one) for one in (secret, before) if one]
        self.kid = _kid(keys[0])
        # Looked up by name alone: no file, no address, no key that comes with a token.
        self._keys = {_kid(key): key for key in keys}

    def issue(self, grant: Grant, *, issuer: str, lasts_s: int = LONGEST_S) -> tuple[str, Token]:
        """Make a token.

        Parameters
        ----------
        grant : Grant
            What it opens.
        issuer : str
            Account that asked for it.
        lasts_s : int
            Seconds until it expires.

        Returns
        -------
        tuple of (str, Token)
            The token, and what is in it.

        Raises
        ------
        BadParameter
            If it would last longer than a quarter of an hour, or would be too long to send.
        """
        if not 1 <= lasts_s <= LONGEST_S:
            raise BadParameter(
                Text(th="อายุโทเคน 1-900 วินาที", en="A token lasts 1 to 900 seconds"),
                parameter="seconds",
            )
        now, jti = int(time.time()), secrets.token_urlsafe(16)
        resource = grant.resource
        claims = {
            "aud": AUDIENCE, "iss": self.name, "sub": issuer, "jti": jti,
            "iat": now, "nbf": now, "exp": now + lasts_s,
            "res": {"kind": resource.kind, "id": resource.id, "panel": resource.panel},
            "locked": dict(grant.locked), "editable": sorted(grant.editable),
            "origins": list(grant.origins), "lang": grant.lang,
        }  # fmt: skip
        key = self._keys[self.kid]
        made = jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": self.kid})
        if len(made) > LONGEST_BYTES:
            raise BadParameter(
                Text(th="โทเคนยาวเกินไป", en="The token is too long"), parameter="locked"
            )
        return made, Token(jti, self.kid, issuer, now + lasts_s, grant)

    def read(self, said: str) -> Token:
        """Read a token; whether it was revoked is asked elsewhere.

        Parameters
        ----------
        said : str
            As it came.

        Returns
        -------
        Token
            Signed by us, for us, and of this time.

        Raises
        ------
        Unauthenticated
            If it is anything else.
        """
        try:
            return self._read(said)
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated(EXPIRED, reason="expired") from error
        except (jwt.PyJWTError, Fault, LookupError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated(BAD, reason="bad") from error

    def _read(self, said: str) -> Token:
        if len(said) > LONGEST_BYTES or not said.isascii():
            raise ValueError
        header = jwt.get_unverified_header(said)
        # PyJWT refuses other algorithms, too; what it is told must not come from the token.
        if header.get("alg") != ALGORITHM or header.keys() - {"alg", "typ", "kid"}:
            raise ValueError
        kid = header["kid"]
        claims: Mapping[str, Any] = jwt.decode(
            said, self._keys[kid], algorithms=[ALGORITHM], audience=AUDIENCE, issuer=self.name,
            leeway=_LEEWAY_S, options={"require": list(_CLAIMS), "strict_aud": True},
        )  # fmt: skip
        begun, ends = int(claims["iat"]), int(claims["exp"])
        if not 0 < ends - begun <= LONGEST_S:
            raise ValueError
        told = claims["res"]
        kind = dict(zip(KINDS, KINDS, strict=True))[told["kind"]]
        grant = grants.make(
            Resource(kind, told["id"], told.get("panel")), claims["origins"],
            locked=claims.get("locked"), editable=claims.get("editable") or (),
            lang=claims.get("lang") if claims.get("lang") in {"th", "en"} else None,
        )  # fmt: skip
        return Token(str(claims["jti"]), kid, str(claims["sub"]), ends, grant)


def signer_of(settings: Settings) -> Signer | None:
    """Make what signs tokens, as the settings say.

    Parameters
    ----------
    settings : Settings
        Of the service.

    Returns
    -------
    Signer or None
        ``None`` where tokens are not switched on.

    Raises
    ------
    BadParameter
        If they are, with a secret that somebody could guess: the service does not start.
    """
    if not settings.embed_tokens:
        return None
    now, before = settings.embed_secret, settings.embed_secret_before
    secret = _strong("GEO_EMBED_SECRET", now.get_secret_value() if now else "")
    old = before.get_secret_value() if before else ""
    if old:
        _strong("GEO_EMBED_SECRET_BEFORE", old)
    name = settings.public_url.rstrip("/") or "thai-geo-service"
    return Signer(secret, old or None, name=name)


def is_token(said: str) -> bool:
    """Tell whether credentials look like a token and not like a key.

    Parameters
    ----------
    said : str
        What came after ``Bearer``.

    Returns
    -------
    bool
        By its dots, of which a key has none.
    """
    return "." in said


def _strong(name: str, secret: str) -> str:
    plain = secret.strip().lower()
    if (
        len(plain) < _FEWEST_CHARACTERS
        or len(set(plain)) < _FEWEST_DIFFERENT
        or any(word in plain for word in _WEAK)
    ):
        raise BadParameter(
            Text(
                th=f"{name} ว่าง สั้น หรือเดาง่ายเกินไป ต้องเป็นอักขระสุ่มอย่างน้อย {_FEWEST_CHARACTERS} ตัว"
                ' เช่น จากคำสั่ง python -c "import secrets; print(secrets.token_urlsafe(48))"',
                en=f"{name} is empty, short or easy to guess; it needs {_FEWEST_CHARACTERS} random"
                ' characters or more, such as python -c "import secrets;'
                ' print(secrets.token_urlsafe(48))" prints',
            ),
            parameter=name,
        )
    return secret.strip()


def _key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"geo-service embed token 1", "sha256").digest()


def _kid(key: bytes) -> str:
    return hashlib.sha256(b"kid" + key).hexdigest()[:12]


EXPIRED: Final = Text(
    th="โทเคนสำหรับฝังหมดอายุแล้ว ให้หน้าเว็บที่ฝังขอโทเคนใหม่",
    en="The embed token has expired; the page around must ask for a new one",
)
BAD: Final = Text(
    th="โทเคนสำหรับฝังไม่ถูกต้อง ดูสาเหตุได้ที่ /embed/doctor",
    en="The embed token is not good; /embed/doctor tells why",
)
REVOKED: Final = Text(th="โทเคนสำหรับฝังถูกเพิกถอนแล้ว", en="The embed token was revoked")
OFF: Final = Text(
    th="ระบบนี้ไม่ได้เปิดใช้โทเคนสำหรับฝัง (GEO_EMBED_TOKENS)",
    en="Embed tokens are not switched on here (GEO_EMBED_TOKENS)",
)
OUTSIDE: Final = Text(th="โทเคนนี้ไม่ได้เปิดสิ่งที่ขอ", en="This token does not open what was asked for")
