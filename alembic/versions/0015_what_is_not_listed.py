"""Which sealed rows the public tables do not list, so that nobody need look there for each of them.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

TABLES = (
    ('sealed_value', 'place_value', 'indicator_key'),
    ('sealed_slice_value', 'slice_value', 'slice_id'),
)


def upgrade() -> None:
    for sealed, public, key in TABLES:
        # Views of insiders are written anew after the migrations.
        op.execute(f"DROP VIEW IF EXISTS geo_inside.{sealed}_listed CASCADE")
        op.add_column(
            sealed,
            sa.Column('is_listed', sa.Boolean(), server_default=sa.text('true'), nullable=False),
            schema='geo',
        )
        op.execute(
            f"UPDATE geo.{sealed} AS s SET is_listed = false WHERE NOT EXISTS ("
            f" SELECT FROM geo.{public} AS v WHERE v.{key} = s.{key} AND v.level = s.level"
            " AND v.period_key = s.period_key AND v.place_id = s.place_id)"
        )
        op.create_index(f'ix_{sealed}_place', sealed, ['level', 'place_id'], schema='geo')


def downgrade() -> None:
    for sealed, _, _ in TABLES:
        op.execute(f"DROP VIEW IF EXISTS geo_inside.{sealed}_unlisted CASCADE")
        op.drop_index(f'ix_{sealed}_place', sealed, schema='geo')
        op.drop_column(sealed, 'is_listed', schema='geo')
