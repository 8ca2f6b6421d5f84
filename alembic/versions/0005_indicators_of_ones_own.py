"""Indicators of one's own: numbers that parts are multiplied by, and formulas of any kind.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geo_service.core.migrations import refuse_to_lose

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

BEFORE = "'SUM', 'RATIO', 'COUNT', 'WMEAN', 'RECLASSIFY', 'NONE'"
NOW = "'SUM', 'RATIO', 'COUNT', 'WMEAN', 'RECLASSIFY', 'FORMULA', 'NONE'"


def upgrade() -> None:
    op.add_column(
        'indicator',
        sa.Column('coefficients', postgresql.ARRAY(sa.Float()), server_default=sa.text("'{}'"), nullable=False),
        schema='geo',
    )
    _allow(NOW)


def downgrade() -> None:
    refuse_to_lose(op.get_context(), "indicator WHERE space_agg = 'FORMULA' OR coefficients <> '{}'")
    op.execute("DELETE FROM geo.indicator WHERE space_agg = 'FORMULA' OR coefficients <> '{}'")
    _allow(BEFORE)
    op.drop_column('indicator', 'coefficients', schema='geo')


def _allow(kinds: str) -> None:
    op.drop_constraint(op.f('ck_indicator_space_agg'), 'indicator', schema='geo', type_='check')
    op.create_check_constraint(op.f('ck_indicator_space_agg'), 'indicator', f"space_agg IN ({kinds})", schema='geo')
