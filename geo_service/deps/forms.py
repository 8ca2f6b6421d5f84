"""What a form or a JSON body says, after it was proven that a page of ours sent it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import Depends, Request

from geo_service.core.accounts.tokens import is_form_token
from geo_service.core.errors import BadParameter, BadRequest, Forbidden
from geo_service.core.json_text import read_object
from geo_service.core.text import Text
from geo_service.deps.context import settings_of
from geo_service.deps.desk import SESSION_TOKEN, comes_from_us, form_cookie, is_secure
from geo_service.deps.principals import principal

TOKEN_HEADER: Final = "x-csrf-token"  # noqa: S105  (a name)
TOKEN_FIELD: Final = "csrf"  # noqa: S105
FORM_TYPE: Final = "application/x-www-form-urlencoded"
JSON_TYPE: Final = "application/json"

_LARGEST_BYTES: Final = 16_000
#: Every province may be ticked.
_MOST_FIELDS: Final = 120
_LONGEST_TEXT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """The fields of a body; ``is_form`` when a page for people sent it."""

    fields: Mapping[str, tuple[str, ...]]
    is_form: bool

    def text(self, name: str, default: str | None = None) -> str:
        """Give a field.

        Parameters
        ----------
        name : str
            Of the field.
        default : str, optional
            When it is absent.

        Returns
        -------
        str
            The first value.

        Raises
        ------
        BadParameter
            If it is absent and there is no default.
        """
        values = self.fields.get(name, ())
        if values:
            return values[0]
        if default is None:
            raise BadParameter(
                Text(th=f"ต้องระบุ '{name}'", en=f"'{name}' is needed"), parameter=name
            )
        return default

    def optional(self, name: str) -> str | None:
        """Give a field that may be absent or empty.

        Parameters
        ----------
        name : str
            Of the field.

        Returns
        -------
        str or None
            ``None`` when it is absent or empty.
        """
        return self.text(name, "").strip() or None

    def wish(self, name: str) -> str | None:
        """Give a field that may be absent, or emptied on purpose.

        Parameters
        ----------
        name : str
            Of the field.

        Returns
        -------
        str or None
            ``None`` when it is absent, which is not the same as empty.
        """
        values = self.fields.get(name)
        return values[0].strip() if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Give all values of a field.

        Parameters
        ----------
        name : str
            Of the field.

        Returns
        -------
        tuple of str
            Empty when it is absent.
        """
        return self.fields.get(name, ())

    def number(self, name: str, default: int) -> int:
        """Give a field that is a whole number.

        Parameters
        ----------
        name : str
            Of the field.
        default : int
            When it is absent or empty.

        Returns
        -------
        int
            The number.

        Raises
        ------
        BadParameter
            If it is no whole number.
        """
        said = self.optional(name)
        if said is None:
            return default
        if not said.isascii() or not said.isdigit() or len(said) > len("999999"):
            raise BadParameter(
                Text(th=f"'{name}' ต้องเป็นจำนวนเต็ม", en=f"'{name}' is a whole number"),
                parameter=name,
            )
        return int(said)

    def is_set(self, name: str) -> bool:
        """Tell whether a box is ticked.

        Parameters
        ----------
        name : str
            Of the field.

        Returns
        -------
        bool
            False when it is absent.
        """
        return self.text(name, "").lower() in {"1", "on", "true", "yes"}


async def read_body(request: Request) -> Said:
    """Read the body of a request that changes something.

    A request by cookie, and every form, must come from a page of ours: by its origin, and by the
    token that was made for this browser. A key proves itself; nobody else can send it.

    Parameters
    ----------
    request : Request
        With a form or an object in JSON; an empty body has no fields.

    Returns
    -------
    Said
        Its fields.

    Raises
    ------
    BadRequest
        If it cannot be read or is too large.
    Forbidden
        If it is not proven where it came from.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    if len(body) > _LARGEST_BYTES:
        raise BadRequest(Text(th="ข้อมูลที่ส่งมายาวเกินไป", en="The body is too long"))
    if kind == FORM_TYPE:
        said = Said(_form(body), is_form=True)
    elif kind == JSON_TYPE or (not body and not kind):
        said = Said(_object(body), is_form=False)
    else:
        raise BadRequest(
            Text(th=f"รับเฉพาะ {FORM_TYPE} หรือ {JSON_TYPE}", en=f"Send {FORM_TYPE} or {JSON_TYPE}")
        )
    _prove(request, said)
    return said


def prove(request: Request, said: Said | None = None) -> None:
    """Make sure that a request whose body is read elsewhere comes from where it should.

    Parameters
    ----------
    request : Request
        By a key, or by a session with the token of its forms in ``X-CSRF-Token``; anything else
        is refused.
    said : Said, optional
        The fields of a form that holds a file, with its token.
    """
    _prove(request, said or Said({}, is_form=False))


def _prove(request: Request, said: Said) -> None:
    who, settings = principal(request), settings_of(request)
    if who.kind == "key":
        return
    is_from_browser = said.is_form or who.kind == "user" or "origin" in request.headers
    if is_from_browser and not comes_from_us(request.scope, request.headers, settings):
        raise Forbidden(_STRANGE)
    if who.kind != "user" and not said.is_form:
        return  # a sign-in by JSON: no cookie is used, and no other site can send it
    cookie = request.scope.get(SESSION_TOKEN) or request.cookies.get(
        form_cookie(secure=is_secure(request.scope, settings)), ""
    )
    token = said.text(TOKEN_FIELD, "") or request.headers.get(TOKEN_HEADER, "")
    if not cookie or not is_form_token(cookie, token):
        raise Forbidden(_STRANGE)


def _form(body: bytes) -> dict[str, tuple[str, ...]]:
    try:
        fields = parse_qs(
            body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS,
            strict_parsing=bool(body), errors="strict",
        )  # fmt: skip
    except ValueError as error:
        raise BadRequest(_UNREADABLE) from error
    return {name: tuple(_plain(value) for value in values) for name, values in fields.items()}


def _object(body: bytes) -> dict[str, tuple[str, ...]]:
    told = read_object(body, _UNREADABLE) if body else {}
    if len(told) > _MOST_FIELDS:
        raise BadRequest(_UNREADABLE)
    return {name: _values(value) for name, value in told.items() if value is not None}


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_plain(one) for one in value[:_MOST_FIELDS])
    return (_plain(value),)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    if not isinstance(value, (str, int)) or "\x00" in str(value):
        raise BadRequest(_UNREADABLE)
    if len(str(value)) > _LONGEST_TEXT:
        raise BadRequest(Text(th="ข้อความยาวเกินไป", en="A text is too long"))
    return str(value)


_UNREADABLE: Final = Text(th="อ่านข้อมูลที่ส่งมาไม่ได้", en="The body of the request could not be read")
_STRANGE: Final = Text(
    th="แบบฟอร์มนี้ไม่ได้ส่งมาจากหน้าเว็บของระบบ หรือเปิดค้างไว้นานเกินไป กรุณาเปิดหน้านั้นใหม่แล้วลองอีกครั้ง",
    en="This form did not come from a page of this service, or the page is too old; open the page"
    " again and retry",
)

SaidDep = Annotated[Said, Depends(read_body)]
