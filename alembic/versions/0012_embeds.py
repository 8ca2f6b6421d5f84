"""Embed tokens, and keys that signed them, that are good no more.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from geo_service.core.migrations import refuse_to_lose

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('embed_revocation',
    sa.Column('what', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('by', sa.Text(), server_default='', nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("what IN ('jti', 'kid')", name=op.f('ck_embed_revocation_what')),
    sa.PrimaryKeyConstraint('what', 'name', name=op.f('pk_embed_revocation')),
    schema='geo'
    )


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'embed_revocation')
    op.drop_table('embed_revocation', schema='geo')
