"""Features are found by layer and place at once.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index(['layer_id', 'geom'])


def downgrade() -> None:
    _index(['geom'])


def _index(columns: list[str]) -> None:
    op.drop_index('ix_feature_geom', table_name='feature', schema='geo')
    op.create_index('ix_feature_geom', 'feature', columns, schema='geo', postgresql_using='gist')
