"""Features are found by layer and place at once, those without a shape apart.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index(['layer_id', 'geom'])
    op.create_index(
        'ix_feature_shapeless', 'feature', ['layer_id'], schema='geo', postgresql_where=sa.text('geom IS NULL')
    )


def downgrade() -> None:
    op.drop_index('ix_feature_shapeless', table_name='feature', schema='geo')
    _index(['geom'])


def _index(columns: list[str]) -> None:
    op.drop_index('ix_feature_geom', table_name='feature', schema='geo')
    op.create_index('ix_feature_geom', 'feature', columns, schema='geo', postgresql_using='gist')
