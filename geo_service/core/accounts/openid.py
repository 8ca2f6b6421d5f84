"""OpenID Connect: the authorization code flow with PKCE, at one provider.

After OpenID Connect Core 1.0, 3.1, Discovery 1.0 and RFC 7636, 9207. The token that comes back
is believed only when one of the provider's own keys signed it, by an algorithm of our list, for
us, for this very attempt.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import jwt
from sqlalchemy import delete, func
from sqlalchemy.orm import Session

from geo_service.core.accounts.limits import Buckets
from geo_service.core.accounts.models import OpenIdFlow
from geo_service.core.accounts.remote import NOT_PROVEN, UNREACHABLE, Remote, safe
from geo_service.core.accounts.tokens import digest, is_same, make_secret
from geo_service.core.errors import Unauthenticated, Unavailable
from geo_service.core.text import Text

#: Signatures of asymmetric keys alone: with HS256 our secret, or worse a public key, would do.
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "ES256", "ES384", "EdDSA")
FLOW_LASTS: Final = timedelta(minutes=10)

#: Attempts that one neighbourhood begins: an office signs in at once, nobody fills the table.
_BEGUN, _BEGUN_PER_S = 60, 1.0
_KNOWN_FOR_S: Final = 3600.0
_LEEWAY_S: Final = 60


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows us by."""

    issuer: str
    client_id: str
    client_secret: str
    scopes: str = "openid email profile"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the provider vouches for, with all it says of him."""

    issuer: str
    subject: str
    email: str | None
    title: str
    claims: Mapping[str, Any]
    return_to: str


class Provider:
    """One provider, asked when somebody signs in; what it says of itself is kept for an hour."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.begun = Buckets(_BEGUN, _BEGUN_PER_S)
        self._remote = Remote()
        self._metadata: dict[str, Any] = {}
        self._keys: list[dict[str, Any]] = []
        self._known_until = 0.0

    def begin(self, session: Session, *, browser: str, redirect_uri: str, return_to: str) -> str:
        """Begin a sign-in; the caller commits and sends the browser to the address.

        Parameters
        ----------
        session : Session
            Of the role that keeps accounts.
        browser : str
            Secret in a cookie of the browser that begins; the same one must come back.
        redirect_uri : str
            Our address that the provider sends the browser back to.
        return_to : str
            Page of ours to show afterwards.

        Returns
        -------
        str
            Address at the provider.
        """
        endpoint = self._endpoint("authorization_endpoint")
        state, nonce, verifier = make_secret(), make_secret(), make_secret()
        session.execute(delete(OpenIdFlow).where(OpenIdFlow.expires_at < func.now()))
        session.add(
            OpenIdFlow(
                state_hash=digest(state),
                nonce=nonce,
                verifier=verifier,
                browser_hash=digest(browser),
                return_to=return_to,
                expires_at=func.now() + FLOW_LASTS,
            )
        )
        session.flush()
        challenge = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.client.scopes,
            "state": state,
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def take(self, session: Session, *, state: str, browser: str) -> OpenIdFlow:
        """Take up a sign-in that comes back, once; the caller commits.

        Another browser does not use it up: the one that began may still come.

        Parameters
        ----------
        session : Session
            Of the role that keeps accounts.
        state : str
            As the provider sent it back.
        browser : str
            Secret in the cookie of the browser that came.

        Returns
        -------
        OpenIdFlow
            No longer kept.

        Raises
        ------
        Unauthenticated
            If nobody began it, it took too long, or another browser began it.
        """
        flow: OpenIdFlow | None = session.scalar(
            delete(OpenIdFlow)
            .where(OpenIdFlow.state_hash == digest(state), OpenIdFlow.expires_at > func.now())
            .returning(OpenIdFlow)
        )
        if flow is None or not is_same(flow.browser_hash, browser):
            raise Unauthenticated(_STALE)
        session.expunge(flow)
        return flow

    def finish(self, flow: OpenIdFlow, *, code: str | None, redirect_uri: str) -> Person:
        """Exchange the code for a token and believe what it proves.

        Parameters
        ----------
        flow : OpenIdFlow
            From `take`.
        code : str, optional
            As the provider sent it; none when the person or the provider gave up.
        redirect_uri : str
            The same as at the beginning.

        Returns
        -------
        Person
            Whom the provider vouches for.

        Raises
        ------
        Unauthenticated
            If the provider refuses the code, or its token proves nothing.
        """
        if not code:
            raise Unauthenticated(_CANCELLED)
        answer = self._exchange(code, flow.verifier, redirect_uri)
        if not isinstance(answer.get("id_token"), str):
            raise Unauthenticated(NOT_PROVEN)
        claims = self._believe(answer["id_token"], flow.nonce)
        if "email" not in claims and isinstance(answer.get("access_token"), str):
            claims = {**self._user_info(answer["access_token"], claims["sub"]), **claims}
        email = claims.get("email")
        verified = claims.get("email_verified")
        is_verified = verified is True or verified == "true"
        named = claims.get("name") or claims.get("preferred_username") or email or claims["sub"]
        return Person(
            issuer=self.client.issuer,
            subject=plain(claims["sub"]),
            email=plain(email).strip().lower() if email and is_verified else None,
            title=plain(named)[:200],
            claims=claims,
            return_to=flow.return_to,
        )

    def check_issuer(self, said: str | None) -> None:
        """Refuse an answer that names another provider (RFC 9207).

        Parameters
        ----------
        said : str, optional
            ``iss`` of the answer; some providers send none.

        Raises
        ------
        Unauthenticated
            If it is not ours.
        """
        if said is not None and said != self.client.issuer:
            raise Unauthenticated(NOT_PROVEN)

    def _exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        methods = self._known().get("token_endpoint_auth_methods_supported")
        if methods is None or "client_secret_basic" in _list(methods):
            # RFC 6749, 2.3.1: each part is encoded as in a form before they are joined.
            pair = f"{quote_plus(self.client.client_id)}:{quote_plus(self.client.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {
                "client_id": self.client.client_id,
                "client_secret": self.client.client_secret,
            }
        endpoint = self._endpoint("token_endpoint")
        return self._remote.ask(endpoint, headers=headers, body=urlencode(form).encode())

    def _believe(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                raise Unauthenticated(NOT_PROVEN)
            key = jwt.PyJWK(self._key(header), algorithm=header["alg"])
            claims: dict[str, Any] = jwt.decode(
                token,
                key=key,
                algorithms=[header["alg"]],
                audience=self.client.client_id,
                issuer=self.client.issuer,
                leeway=_LEEWAY_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated(NOT_PROVEN) from error
        audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        party = claims.get("azp", self.client.client_id if len(audiences) == 1 else None)
        is_same_nonce = hmac.compare_digest(str(claims["nonce"]).encode(), nonce.encode())
        if party != self.client.client_id or not is_same_nonce:
            raise Unauthenticated(NOT_PROVEN)
        return claims

    def _key(self, header: Mapping[str, Any]) -> dict[str, Any]:
        # A key that is not known may be new: the provider is asked once more.
        for is_last in (False, True):
            self._known(again=is_last)
            found = [
                one
                for one in self._keys
                if one.get("kid") == header.get("kid")
                and one.get("use", "sig") == "sig"
                and one.get("alg", header["alg"]) == header["alg"]
                and one.get("kty") != "oct"
            ]
            if len(found) == 1:
                return found[0]
        raise Unauthenticated(NOT_PROVEN)

    def _user_info(self, access_token: str, subject: str) -> dict[str, Any]:
        if "userinfo_endpoint" not in self._known():
            return {}
        endpoint = self._endpoint("userinfo_endpoint")
        told = self._remote.ask(endpoint, headers={"Authorization": f"Bearer {access_token}"})
        # Core 1.0, 5.3.2: what is said of somebody else is not used.
        return told if told.get("sub") == subject else {}

    def _endpoint(self, name: str) -> str:
        return safe(str(self._known().get(name, "")))

    def _known(self, *, again: bool = False) -> dict[str, Any]:
        if again or time.monotonic() > self._known_until:
            issuer = self.client.issuer
            told = self._remote.ask(f"{safe(issuer).rstrip('/')}/.well-known/openid-configuration")
            if told.get("issuer") != issuer:
                raise Unavailable(UNREACHABLE)
            keys = self._remote.ask(safe(str(told.get("jwks_uri", "")))).get("keys")
            self._keys = [one for one in _list(keys) if isinstance(one, dict)]
            self._metadata, self._known_until = told, time.monotonic() + _KNOWN_FOR_S
        return self._metadata


def _list(told: object) -> list[Any]:
    return told if isinstance(told, list) else []


def plain(told: object) -> str:
    """Leave out what JSON may hold and no text of a database does.

    Parameters
    ----------
    told : object
        A claim.

    Returns
    -------
    str
        Without null characters and halves of a letter.
    """
    return str(told).replace("\x00", "").encode("utf-8", "replace").decode()


_STALE: Final = Text(
    th="การลงชื่อเข้าใช้นี้หมดเวลาหรือเริ่มจากเบราว์เซอร์อื่น กรุณาเริ่มใหม่",
    en="This sign-in took too long, or began in another browser; please start again",
)
_CANCELLED: Final = Text(
    th="การลงชื่อเข้าใช้ถูกยกเลิกที่ผู้ให้บริการยืนยันตัวตน",
    en="The sign-in was cancelled at the OpenID provider",
)
