"""Tables of accounts, their keys and sessions, of failed attempts, and of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from geo_service.core.auth import PLACED_ROLES, ROLES, SCOPES
from geo_service.core.models import Base, one_of

OUTCOMES = ("done", "refused", "failed")


class Account(Base):
    """A person or a program that may sign in or own keys; never deleted, only disabled.

    It has a password, or a subject of an OpenID provider, or neither (a program that only
    uses keys); never both.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str] = mapped_column(server_default="")
    email: Mapped[str | None]
    role: Mapped[str]
    place_code: Mapped[str | None]
    language: Mapped[str | None]
    password_hash: Mapped[str | None]
    must_change: Mapped[bool] = mapped_column(server_default=text("false"))
    openid_issuer: Mapped[str | None]
    openid_subject: Mapped[str | None]
    is_role_fixed: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    password_changed_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("openid_issuer", "openid_subject"),
        CheckConstraint("name = lower(name) AND name <> ''", name="name"),
        CheckConstraint(one_of("role", ROLES), name="role"),
        CheckConstraint(
            f"({one_of('role', tuple(PLACED_ROLES))}) = (place_code IS NOT NULL)", name="place"
        ),
        CheckConstraint("language IN ('th', 'en')", name="language"),
        CheckConstraint("(openid_issuer IS NULL) = (openid_subject IS NULL)", name="openid"),
        CheckConstraint("password_hash IS NULL OR openid_subject IS NULL", name="one_way_in"),
        CheckConstraint("openid_subject IS NULL OR role <> 'admin'", name="admin_by_hand"),
    )


class ApiKey(Base):
    """A key of a program; the secret itself is nowhere, its SHA-256 is here."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    prefix: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    label: Mapped[str] = mapped_column(server_default="")
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("length(secret_hash) = 32", name="secret_hash"),
        CheckConstraint(
            f"scopes <@ ARRAY[{', '.join(repr(one) for one in SCOPES)}]::text[]"
            " AND cardinality(scopes) > 0",
            name="scopes",
        ),
        CheckConstraint("expires_at > created_at", name="expires_at"),
    )


class WebSession(Base):
    """A browser that signed in; its cookie is nowhere, the cookie's SHA-256 is here."""

    __tablename__ = "web_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("length(token_hash) = 32", name="token_hash"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
    )


class SignInAttempt(Base):
    """How often signing in failed of late, for a name or an address; both only as a hash."""

    __tablename__ = "sign_in_attempt"

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    last_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    locked_until: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("length(subject) = 32", name="subject"),)


class OpenIdFlow(Base):
    """A sign-in that was sent to the OpenID provider and has not come back yet."""

    __tablename__ = "openid_flow"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    nonce: Mapped[str]
    verifier: Mapped[str]
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    return_to: Mapped[str] = mapped_column(server_default="")
    expires_at: Mapped[datetime] = mapped_column(index=True)


class EmbedRevocation(Base):
    """An embed token (``jti``), or the key that signed it (``kid``), that is good no more."""

    __tablename__ = "embed_revocation"

    what: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str] = mapped_column(server_default="")
    revoked_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (CheckConstraint(one_of("what", ("jti", "kid")), name="what"),)


class Audit(Base):
    """What was done, by whom, when and from where; rows are added and never changed."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    action: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default="done")
    who_kind: Mapped[str]
    who_id: Mapped[str] = mapped_column(server_default="")
    who_name: Mapped[str] = mapped_column(server_default="")
    what: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    request_id: Mapped[str] = mapped_column(server_default="")
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint(one_of("outcome", OUTCOMES), name="outcome"),
        Index("ix_audit_at", "at"),
        Index("ix_audit_who", "who_name", "at"),
        Index("ix_audit_action", "action", "at"),
    )


TABLES = (Account, ApiKey, WebSession, SignInAttempt, OpenIdFlow, EmbedRevocation, Audit)
