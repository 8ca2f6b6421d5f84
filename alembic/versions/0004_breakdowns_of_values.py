"""Values by sex, age, type: prepared as the values of places are, for the cube.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('slice',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('breakdown', postgresql.JSONB(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_slice')),
    sa.UniqueConstraint('indicator_key', 'breakdown', name=op.f('uq_slice_indicator_key_breakdown')),
    schema='geo'
    )
    op.create_table('slice_value',
    sa.Column('slice_id', sa.BigInteger(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('period_key', sa.Text(), nullable=False),
    sa.Column('place_id', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Float(), nullable=True),
    sa.Column('numerator', sa.Float(), nullable=True),
    sa.Column('denominator', sa.Float(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reporting', sa.BigInteger(), nullable=False),
    sa.Column('expected', sa.BigInteger(), nullable=False),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("status IN ('reported', 'zero', 'not_reported', 'not_applicable', 'suppressed')", name=op.f('ck_slice_value_status')),
    sa.ForeignKeyConstraint(['slice_id'], ['geo.slice.id'], name=op.f('fk_slice_value_slice_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('slice_id', 'level', 'period_key', 'place_id', name=op.f('pk_slice_value')),
    schema='geo'
    )


def downgrade() -> None:
    op.drop_table('slice_value', schema='geo')
    op.drop_table('slice', schema='geo')
