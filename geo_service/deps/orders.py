"""What somebody sends to have done: by whom, in which words, answered in which language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from geo_service.core.audit import By
from geo_service.core.auth import Principal
from geo_service.core.settings import Settings
from geo_service.core.text import Lang
from geo_service.deps.context import LangDep, settings_of
from geo_service.deps.desk import Desk, by_of, desk_of
from geo_service.deps.forms import Said, SaidDep


@dataclass(frozen=True, slots=True)
class Order:
    """A form or a body in JSON that was proven, with who sent it."""

    request: Request
    said: Said
    lang: Lang
    by: By

    @property
    def who(self) -> Principal:
        """Give who sent it.

        Returns
        -------
        Principal
            Nobody in particular at the door.
        """
        return self.by.who

    @property
    def desk(self) -> Desk:
        """Give where accounts are kept.

        Returns
        -------
        Engine
            With a pool of its own.
        """
        return desk_of(self.request)

    @property
    def settings(self) -> Settings:
        """Give the settings of the service.

        Returns
        -------
        Settings
            Frozen.
        """
        return settings_of(self.request)


async def order_of(request: Request, said: SaidDep, lang: LangDep) -> Order:
    """Bring together what was sent.

    Parameters
    ----------
    request : Request
        That changes something.
    said : Said
        Its fields.
    lang : {"th", "en"}
        Language of the answer.

    Returns
    -------
    Order
        For the handler.
    """
    return Order(request, said, lang, by_of(request))


OrderDep = Annotated[Order, Depends(order_of)]
