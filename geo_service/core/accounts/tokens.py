"""Random secrets, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

#: 256 bits: nobody guesses one, so one plain hash is enough to keep.
SECRET_BYTES: Final = 32
#: Letters and digits that are not taken for one another.
_READABLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"


def make_secret() -> str:
    """Make a secret of 256 random bits.

    Returns
    -------
    str
        43 characters that may stand in an address.
    """
    return secrets.token_urlsafe(SECRET_BYTES)


def make_readable(groups: int = 5, length: int = 5) -> str:
    """Make a secret that a person may read out: five groups of five hold 123 random bits.

    Parameters
    ----------
    groups : int
        Number of groups.
    length : int
        Characters of each.

    Returns
    -------
    str
        Groups with hyphens between them.
    """
    made = ["".join(secrets.choice(_READABLE) for _ in range(length)) for _ in range(groups)]
    return "-".join(made)


def digest(secret: str) -> bytes:
    """Hash a random secret for keeping.

    Parameters
    ----------
    secret : str
        Random; a password that a person chose is hashed by `passwords` instead.

    Returns
    -------
    bytes
        SHA-256.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def is_same(kept: bytes, secret: str) -> bool:
    """Compare a secret with the hash that was kept, in a time that tells nothing.

    Parameters
    ----------
    kept : bytes
        From `digest`.
    secret : str
        As it was sent.

    Returns
    -------
    bool
        Whether they belong together.
    """
    return hmac.compare_digest(kept, digest(secret))


def form_token(cookie: str) -> str:
    """Make the token of a form from the cookie of the browser that is to send it.

    Who cannot read the cookie cannot make the token, and the token does not tell the cookie.

    Parameters
    ----------
    cookie : str
        A secret of `make_secret`.

    Returns
    -------
    str
        The same for the same cookie.
    """
    return hmac.new(cookie.encode("utf-8", "surrogatepass"), b"form", "sha256").hexdigest()


def is_form_token(cookie: str, token: str) -> bool:
    """Tell whether a form came from a page that was made for this browser.

    Parameters
    ----------
    cookie : str
        Of the request.
    token : str
        Of the form.

    Returns
    -------
    bool
        Compared in a time that tells nothing.
    """
    return hmac.compare_digest(form_token(cookie).encode(), token.encode("utf-8", "replace"))
