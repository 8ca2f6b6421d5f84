"""What is withheld is kept apart from what is public.

Revision ID: 0009
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0007'
branch_labels = None
depends_on = None

LEVELS = "level IN ('country', 'region', 'province', 'district', 'subdistrict', 'org')"
STATUSES = "status IN ('reported', 'zero', 'not_reported', 'not_applicable', 'suppressed')"


def upgrade() -> None:
    _table('sealed_value', sa.Column('indicator_key', sa.Text(), nullable=False))
    _table(
        'sealed_slice_value',
        sa.Column('slice_id', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ['slice_id'], ['geo.slice.id'], name=op.f('fk_sealed_slice_value_slice_id'), ondelete='CASCADE'
        ),
    )


def downgrade() -> None:
    op.drop_table('sealed_slice_value', schema='geo')
    op.drop_table('sealed_value', schema='geo')


def _table(name: str, subject: sa.Column, *more: sa.Constraint) -> None:
    op.create_table(
        name,
        subject,
        sa.Column('level', sa.Text(), nullable=False),
        sa.Column('period_key', sa.Text(), nullable=False),
        sa.Column('place_id', sa.BigInteger(), nullable=False),
        sa.Column('value', sa.Float(), nullable=True),
        sa.Column('numerator', sa.Float(), nullable=True),
        sa.Column('denominator', sa.Float(), nullable=True),
        sa.Column('status', sa.Text(), nullable=False),
        sa.CheckConstraint(LEVELS, name=op.f(f'ck_{name}_level')),
        sa.CheckConstraint(STATUSES, name=op.f(f'ck_{name}_status')),
        *more,
        sa.PrimaryKeyConstraint(subject.name, 'level', 'period_key', 'place_id', name=op.f(f'pk_{name}')),
        schema='geo',
    )
