"""The role and the place a sender had: whose the rows of his file may be.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from geo_service.core.migrations import refuse_to_lose

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ('sender_role', 'sender_place'):
        op.add_column('submission', sa.Column(name, sa.Text(), server_default='', nullable=False),
                      schema='geo')


def downgrade() -> None:
    refuse_to_lose(op.get_context(), "submission WHERE sender_role <> ''")
    for name in ('sender_place', 'sender_role'):
        op.drop_column('submission', name, schema='geo')
