"""Run migrations on the database whose URL the caller hands over (``-x url=...`` or attributes)."""

from alembic import context
from geoalchemy2 import alembic_helpers
from sqlalchemy import create_engine, pool, text

import boundaries.models
import geo_service.core.accounts.models
import ingest.submissions
import layers.foreseen
import layers.models
import layers.prepared
import layers.scenarios.models
import layers.sealed
from geo_service.core import migrations, rights, roles
from geo_service.core.db import SCHEMA, engine_url
from geo_service.core.models import Base
from layers import inside

TABLES = (
    *boundaries.models.TABLES, *layers.models.TABLES, *layers.prepared.TABLES,
    *layers.foreseen.TABLES, *layers.sealed.TABLES, *layers.scenarios.models.TABLES,
    *geo_service.core.accounts.models.TABLES, *ingest.submissions.TABLES,
)  # fmt: skip
LOCK = 7_850_077


def is_ours(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Look at our own schema only."""
    return name == SCHEMA if kind == "schema" else True


def run_migrations() -> None:
    """Run in one transaction under a lock, so that two at once wait for each other."""
    said = context.get_x_argument(as_dictionary=True)
    context.config.attributes.setdefault(migrations.LOSES, said.get("lose") == "yes")
    connection = context.config.attributes.get("connection")
    if connection is None:
        url = context.config.attributes.get("url") or said["url"]
        engine = create_engine(engine_url(url), poolclass=pool.NullPool)
        with engine.begin() as opened:
            migrate(opened)
        engine.dispose()
    else:
        migrate(connection)


def migrate(connection) -> None:
    connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
    roles.make_roles(connection)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=is_ours,
        include_object=alembic_helpers.include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
    # The tables of an older version have views of their own, which its own migrate writes.
    if migrations.is_newest(connection):
        inside.write_views(connection)
    rights.settle(connection)


run_migrations()
