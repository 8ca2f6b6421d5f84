"""Forecasts of indicators with their trends and back-tests, kept for each state of the data.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

LEVELS = "level IN ('country', 'region', 'province', 'district', 'subdistrict', 'org')"
REASONS = "reason IN ('', 'no-values', 'no-recent-value', 'suppressed', 'too-short', 'too-short-since-break')"


def numbers(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Float()), server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    op.create_table('forecast_run',
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('made_from', sa.BigInteger(), nullable=False),
    sa.Column('first_period', sa.Text(), nullable=False),
    sa.Column('last_period', sa.Text(), nullable=False),
    sa.Column('scale', sa.Text(), nullable=False),
    sa.Column('horizon', sa.SmallInteger(), nullable=False),
    sa.Column('places', sa.BigInteger(), nullable=False),
    sa.Column('forecast_places', sa.BigInteger(), nullable=False),
    sa.Column('adds_up', sa.Boolean(), nullable=False),
    sa.Column('scores', postgresql.JSONB(), nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint(LEVELS, name=op.f('ck_forecast_run_level')),
    sa.PrimaryKeyConstraint('indicator_key', 'level', name=op.f('pk_forecast_run')),
    schema='geo'
    )
    op.create_table('place_forecast',
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('place_id', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), server_default='', nullable=False),
    sa.Column('years', sa.SmallInteger(), nullable=False),
    sa.Column('years_filled', sa.SmallInteger(), nullable=False),
    sa.Column('recent_level', sa.Float(), nullable=True),
    sa.Column('slope', sa.Float(), nullable=True),
    sa.Column('slope_low', sa.Float(), nullable=True),
    sa.Column('slope_high', sa.Float(), nullable=True),
    sa.Column('tau', sa.Float(), nullable=True),
    sa.Column('p_value', sa.Float(), nullable=True),
    sa.Column('direction', sa.Text(), nullable=False),
    sa.Column('strength', sa.Text(), nullable=False),
    sa.Column('change_period', sa.Text(), nullable=True),
    sa.Column('mase', sa.Float(), nullable=True),
    sa.Column('naive_mase', sa.Float(), nullable=True),
    numbers('point'),
    numbers('low80'),
    numbers('high80'),
    numbers('low95'),
    numbers('high95'),
    sa.CheckConstraint(LEVELS, name=op.f('ck_place_forecast_level')),
    sa.CheckConstraint(REASONS, name=op.f('ck_place_forecast_reason')),
    sa.CheckConstraint("direction IN ('rising', 'falling', 'no-clear-trend', 'too-short')", name=op.f('ck_place_forecast_direction')),
    sa.CheckConstraint("strength IN ('strong', 'moderate', 'weak', 'none')", name=op.f('ck_place_forecast_strength')),
    sa.CheckConstraint("(reason = '') = (cardinality(point) > 0)", name=op.f('ck_place_forecast_reason_or_forecast')),
    sa.PrimaryKeyConstraint('indicator_key', 'level', 'place_id', name=op.f('pk_place_forecast')),
    schema='geo'
    )
    op.create_index('ix_place_forecast_place', 'place_forecast', ['level', 'place_id'], unique=False, schema='geo')


def downgrade() -> None:
    op.drop_index('ix_place_forecast_place', table_name='place_forecast', schema='geo')
    op.drop_table('place_forecast', schema='geo')
    op.drop_table('forecast_run', schema='geo')
