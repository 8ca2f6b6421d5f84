"""Files handed in over HTTP: who, what, how far it has come, and what came of it.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geo_service.core.migrations import refuse_to_lose

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None

STATES = ("state IN ('submitted', 'checked', 'publishing', 'published', 'failed', 'refused',"
          " 'withdrawn', 'undone')")
TASKS = "task IN ('', 'check', 'publish', 'undo')"


def moment(name: str, *, default: bool = False, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable,
                     server_default=sa.text('now()') if default else None)


def words(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), server_default='', nullable=False)


def number(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), server_default='0', nullable=False)


def upgrade() -> None:
    op.create_table('submission',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('recipe', sa.Text(), nullable=False),
    sa.Column('dataset_id', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('stored', sa.Text(), nullable=False),
    sa.Column('file_sha256', sa.Text(), nullable=False),
    sa.Column('file_bytes', sa.BigInteger(), nullable=False),
    words('note'),
    sa.Column('state', sa.Text(), server_default='submitted', nullable=False),
    words('task'),
    words('stage'),
    number('done'),
    number('total'),
    moment('started_at'),
    words('fault_th'),
    words('fault_en'),
    sa.Column('report', postgresql.JSONB(), server_default='{}', nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=True),
    sa.Column('submitted_by', sa.Text(), nullable=False),
    moment('submitted_at', default=True, nullable=False),
    words('checked_by'),
    moment('checked_at'),
    words('ended_by'),
    moment('ended_at'),
    words('reason'),
    sa.CheckConstraint(STATES, name=op.f('ck_submission_state')),
    sa.CheckConstraint(TASKS, name=op.f('ck_submission_task')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_submission')),
    sa.UniqueConstraint('stored', name=op.f('uq_submission_stored')),
    schema='geo'
    )


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'submission')
    op.drop_table('submission', schema='geo')
