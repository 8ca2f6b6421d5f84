"""Commands about embed tokens: ``embeds token`` and ``embeds revoke``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from geo_service.cli.terminal import err, out, say
from geo_service.core.text import Text

if TYPE_CHECKING:
    from geo_service.core.embeds.grants import Resource
    from geo_service.core.embeds.revocations import What
    from geo_service.core.embeds.tokens import Signer
    from geo_service.core.settings import Settings

embeds = typer.Typer(no_args_is_help=True, help="โทเคนสำหรับฝังแผนที่ · Tokens for embedded maps.")

Origins = Annotated[
    list[str],
    typer.Option("--origin", help="Origin of the page around: https://www.example.go.th."),
]


@embeds.command("token")
def embeds_token(
    origin: Origins,
    *,
    map_: Annotated[str | None, typer.Option("--map", help="Indicator of the map.")] = None,
    dashboard: Annotated[str | None, typer.Option(help="Name of the dashboard.")] = None,
    panel: Annotated[int | None, typer.Option(help="Its one panel, counted from 1.")] = None,
    collection: Annotated[str | None, typer.Option(help="Collection, as a table.")] = None,
    lock: Annotated[list[str] | None, typer.Option(help="Filter held: level=province.")] = None,
    editable: Annotated[list[str] | None, typer.Option(help="Filter left open: period.")] = None,
    lang: Annotated[str | None, typer.Option(help="th | en")] = None,
    seconds: Annotated[int, typer.Option(help="How long it lasts, 900 at most.")] = 900,
) -> None:
    """Make a token for one map, dashboard, panel or collection, and print it."""
    from geo_service.cli import steps
    from geo_service.core import audit
    from geo_service.core.db import transaction
    from geo_service.core.embeds import grants
    from geo_service.core.roles import DESK

    settings = steps.configured()
    signer = _signer(settings)
    pairs = [one.partition("=") for one in lock or ()]
    grant = grants.make(
        _resource(map_, dashboard, panel, collection), origin,
        locked={name: value for name, _, value in pairs}, editable=editable or (),
        lang="en" if lang == "en" else "th" if lang == "th" else None,
    )  # fmt: skip
    who = audit.commander()
    written, token = signer.issue(grant, issuer=who.name, lasts_s=seconds)
    with transaction(steps.opened(settings, DESK)) as session:
        audit.note(
            session, "token-issued", None, what=grant.resource.told,
            detail={"jti": token.jti, "kid": token.kid, "seconds": seconds,
                    "origins": list(grant.origins), "locked": dict(grant.locked)},
        )  # fmt: skip
    err.print(f"jti {token.jti}  kid {token.kid}")
    out.print(written, soft_wrap=True)


@embeds.command("revoke")
def embeds_revoke(
    *,
    jti: Annotated[str | None, typer.Option(help="One token, by its jti.")] = None,
    kid: Annotated[str | None, typer.Option(help="All tokens of one secret, by its kid.")] = None,
) -> None:
    """Revoke a token or a signing key; every process follows within 15 seconds."""
    from geo_service.cli import steps
    from geo_service.core import audit
    from geo_service.core.db import transaction
    from geo_service.core.embeds.revocations import revoke
    from geo_service.core.roles import DESK

    what, name = _named(jti, kid)
    by = audit.commander()
    with transaction(steps.opened(steps.configured(), DESK)) as session:
        revoke(session, what, name, by=by.name)
        audit.note(session, "token-revoked", None, what=f"{what}:{name}")
    say(Text(th=f"✓ เพิกถอน {what} {name}", en="revoked"))


def _signer(settings: Settings) -> Signer:
    from geo_service.core.embeds.tokens import signer_of
    from geo_service.core.errors import BadParameter

    signer = signer_of(settings)
    if signer is None:
        raise BadParameter(
            Text(th="ต้องตั้ง GEO_EMBED_TOKENS=true ก่อน", en="Set GEO_EMBED_TOKENS=true first"),
            parameter="GEO_EMBED_TOKENS",
        )
    return signer


def _named(jti: str | None, kid: str | None) -> tuple[What, str]:
    from geo_service.core.errors import BadParameter

    if jti is not None and kid is None:
        return "jti", jti
    if kid is not None and jti is None:
        return "kid", kid
    raise BadParameter(
        Text(th="ระบุ --jti หรือ --kid อย่างใดอย่างหนึ่ง", en="Give either --jti or --kid"),
        parameter="jti",
    )


def _resource(
    map_: str | None, dashboard: str | None, panel: int | None, collection: str | None
) -> Resource:
    from geo_service.core.embeds.grants import Resource
    from geo_service.core.errors import BadParameter

    if sum(one is not None for one in (map_, dashboard, collection)) != 1:
        raise BadParameter(
            Text(
                th="ระบุ --map, --dashboard หรือ --collection อย่างใดอย่างหนึ่ง",
                en="Give one of --map, --dashboard, --collection",
            ),
            parameter="map",
        )
    if dashboard is not None:
        return Resource("dashboard" if panel is None else "panel", dashboard, panel)
    return Resource("map", map_) if map_ is not None else Resource("collection", collection or "")
