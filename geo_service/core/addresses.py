"""Where each role of the database connects."""

from __future__ import annotations

from sqlalchemy import make_url

from geo_service.core.cluster_folder import OWNER
from geo_service.core.db import engine_url
from geo_service.core.postgres import Cluster
from geo_service.core.roles import DESK, INGEST, INSIDER, READER
from geo_service.core.settings import Settings


def address_of(settings: Settings, role: str) -> str:
    """Tell where one of the roles connects.

    Parameters
    ----------
    settings : Settings
        Without a database URL the private cluster in the data folder is meant.
    role : str
        ``geo_owner`` or one of `core.roles.ROLES`.

    Returns
    -------
    str
        The address of the role's own login, if the settings name one; else that of
        ``GEO_DATABASE_URL``, whose login takes the role on when it connects.
    """
    url = settings.database_url
    if url is None:
        return Cluster(settings.data_dir).url(role)
    own = {
        INGEST: settings.ingest_url,
        READER: settings.reader_url,
        INSIDER: settings.insider_url,
        DESK: settings.desk_url,
    }.get(role)
    if own is not None:
        return own.get_secret_value()
    if role == OWNER:
        return url.get_secret_value()
    return taking_on(url.get_secret_value(), role)


def taking_on(url: str, role: str) -> str:
    """Let the login of an address take a role on as it connects.

    Parameters
    ----------
    url : str
        ``postgresql://...``.
    role : str
        One of `core.roles.ROLES`; the login must be a member of it.

    Returns
    -------
    str
        The address; unchanged when its login is the role itself. ``RESET ROLE`` leads back to
        the role, ``SET ROLE NONE`` to the login: a login of its own is the stronger wall.
    """
    made = make_url(engine_url(url))
    if made.username == role:
        return url
    given = made.query.get("options", "")
    options = given if isinstance(given, str) else " ".join(given)
    made = made.update_query_dict({"options": f"{options} -c role={role}".strip()})
    return made.render_as_string(hide_password=False)
