"""What is withheld is kept apart from what is public, by rules that an installation may change.

Revision ID: 0009
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from geo_service.core.migrations import refuse_to_lose

revision = '0009'
down_revision = '0007'
branch_labels = None
depends_on = None

LEVELS = "level IN ('country', 'region', 'province', 'district', 'subdistrict', 'org')"
PLACES = "'country', 'region', 'province', 'district', 'subdistrict', 'org'"
CLASSES = [
    {'code': code, 'smallest': smallest, 'least_denominator': least, 'zeros_to': zeros, 'public_to': to}
    for code, smallest, least, zeros, to in (
        ('P0', 0, 0, 'org', 'org'),
        ('P1', 5, 100, 'org', 'org'),
        ('P2', 5, 100, 'org', 'org'),
        ('P3', 10, 100, 'district', 'district'),
        ('P4', 10, 100, 'country', 'none'),
    )
]
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
    made = op.create_table(
        'privacy_class',
        sa.Column('code', sa.Text(), nullable=False),
        sa.Column('smallest', sa.BigInteger(), nullable=False),
        sa.Column('least_denominator', sa.BigInteger(), nullable=False),
        sa.Column('zeros_to', sa.Text(), nullable=False),
        sa.Column('public_to', sa.Text(), nullable=False),
        sa.CheckConstraint("code IN ('P0', 'P1', 'P2', 'P3', 'P4')", name=op.f('ck_privacy_class_code')),
        sa.CheckConstraint('smallest >= 0 AND least_denominator >= 0', name=op.f('ck_privacy_class_limits')),
        sa.CheckConstraint(f'zeros_to IN ({PLACES})', name=op.f('ck_privacy_class_zeros_to')),
        sa.CheckConstraint(f"public_to IN ('none', {PLACES})", name=op.f('ck_privacy_class_public_to')),
        sa.PrimaryKeyConstraint('code', name=op.f('pk_privacy_class')),
        schema='geo',
    )
    op.bulk_insert(made, CLASSES)


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'sealed_value', 'sealed_slice_value')
    op.drop_table('privacy_class', schema='geo')
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
