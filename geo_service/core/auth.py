"""Who asks: a principal with a role, a place and scopes.

A principal is made once, where a request comes in, from its credentials; everybody below is
handed it and asks nobody else. What a role grants is written here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from geo_service.core.text import Lang, Text

Kind: TypeAlias = Literal["anonymous", "key", "user", "embed", "command"]
Role: TypeAlias = Literal["anonymous", "reader", "analyst", "lao", "province", "dla", "admin"]
Scope: TypeAlias = Literal["read", "load", "publish", "manage"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
#: Roles an account may have; the first is not one of them: it is nobody's.
ROLES: Final[tuple[Role, ...]] = get_args(Role)[1:]
#: Roles that stand for one place, and what the place is.
PLACED_ROLES: Final[Mapping[Role, str]] = {"lao": "org", "province": "province"}
#: What each role may do; a key never may more than the account it belongs to.
ROLE_SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    "anonymous": frozenset({"read"}),
    "reader": frozenset({"read"}),
    "analyst": frozenset({"read"}),
    "lao": frozenset({"read", "load"}),
    "province": frozenset({"read", "load"}),
    "dla": frozenset({"read", "load", "publish"}),
    "admin": frozenset(SCOPES),
}
ROLE_NAMES: Final[Mapping[Role, Text]] = {
    "anonymous": Text("ไม่ได้ลงชื่อเข้าใช้", "not signed in"),
    "reader": Text("ผู้อ่าน", "reader"),
    "analyst": Text("นักวิเคราะห์", "analyst"),
    "lao": Text("เจ้าหน้าที่ อปท.", "local organisation"),
    "province": Text("สำนักงานจังหวัด", "provincial office"),
    "dla": Text("กรมส่งเสริมการปกครองท้องถิ่น", "Department of Local Administration"),
    "admin": Text("ผู้ดูแลระบบ", "administrator"),
}
KIND_NAMES: Final[Mapping[Kind, Text]] = {
    "anonymous": Text("ไม่ทราบว่าใคร", "nobody known"),
    "key": Text("คีย์", "key"),
    "user": Text("ผู้ใช้", "person"),
    "embed": Text("แผนที่ที่ฝัง", "embedded map"),
    "command": Text("คำสั่งบนเครื่อง", "command line"),
}
SCOPE_NAMES: Final[Mapping[Scope, Text]] = {
    "read": Text("อ่าน", "read"),
    "load": Text("นำเข้าข้อมูล", "load"),
    "publish": Text("เผยแพร่", "publish"),
    "manage": Text("จัดการบัญชี", "manage"),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what he may.

    ``id`` names the account, the key or the token; ``place`` is the code of the organisation
    (role ``lao``) or of the province (role ``province``), else ``None``.
    """

    kind: Kind
    id: str
    name: str
    role: Role
    place: str | None = None
    scopes: frozenset[Scope] = frozenset()
    language: Lang | None = None

    @property
    def is_anonymous(self) -> bool:
        """Tell whether nothing is known of who asks.

        Returns
        -------
        bool
            False for every kind of credential.
        """
        return self.kind == "anonymous"

    def may(self, scope: Scope) -> bool:
        """Tell whether a scope is granted.

        Parameters
        ----------
        scope : {"read", "load", "publish", "manage"}
            What is to be done.

        Returns
        -------
        bool
            By the role, and by the key where one was used.
        """
        return scope in self.scopes

    def has_role(self, *roles: Role) -> bool:
        """Tell whether the role is one of some.

        Parameters
        ----------
        *roles : str
            Any of `ROLES`.

        Returns
        -------
        bool
            An administrator has only his own role.
        """
        return self.role in roles


#: Everybody who brings no credentials.
ANONYMOUS: Final = Principal(
    kind="anonymous", id="", name="", role="anonymous", scopes=ROLE_SCOPES["anonymous"]
)
