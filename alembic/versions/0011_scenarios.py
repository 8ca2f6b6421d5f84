"""Scenarios: versions that are only added to, and what was calculated of them.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geo_service.core.migrations import refuse_to_lose

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

LEVELS = "level IN ('country', 'region', 'province', 'district', 'acted-on')"
ONLY_ADDED = """
CREATE FUNCTION geo.refuse_change_of_scenario() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'versions of scenarios are only added to';
END
$$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE ON geo.scenario_version
FOR EACH ROW EXECUTE FUNCTION geo.refuse_change_of_scenario();
"""


def document(name: str, default: str | None = None) -> sa.Column:
    server_default = None if default is None else sa.text(default)
    return sa.Column(name, postgresql.JSONB(), server_default=server_default, nullable=False)


def numbers(name: str) -> sa.Column:
    return sa.Column(name, postgresql.ARRAY(sa.Float(), dimensions=2), nullable=False)


def upgrade() -> None:
    op.create_table('scenario',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('is_ready', sa.Boolean(), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("name ~ '^[a-z][a-z0-9-]{1,62}$'", name=op.f('ck_scenario_name')),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_scenario')),
    schema='geo'
    )
    op.create_table('scenario_version',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('title_th', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('author', sa.Text(), nullable=False),
    sa.Column('assumptions_th', sa.Text(), nullable=False),
    sa.Column('assumptions_en', sa.Text(), nullable=False),
    document('levers'),
    document('document'),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('number > 0', name=op.f('ck_scenario_version_number')),
    sa.CheckConstraint("hash ~ '^[0-9a-f]{64}$'", name=op.f('ck_scenario_version_hash')),
    sa.ForeignKeyConstraint(['name'], ['geo.scenario.name'], name=op.f('fk_scenario_version_name_scenario')),
    sa.PrimaryKeyConstraint('name', 'number', name=op.f('pk_scenario_version')),
    schema='geo'
    )
    op.create_table('scenario_run',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('made_from', sa.BigInteger(), nullable=False),
    document('versions'),
    document('periods', "'[]'"),
    sa.Column('draws', sa.BigInteger(), server_default='0', nullable=False),
    document('shared', "'{}'"),
    document('acts_on', "'[]'"),
    document('counts', "'[]'"),
    document('notes', "'[]'"),
    sa.Column('refused_th', sa.Text(), server_default='', nullable=False),
    sa.Column('refused_en', sa.Text(), server_default='', nullable=False),
    sa.Column('made_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['name', 'number'], ['geo.scenario_version.name', 'geo.scenario_version.number'],
                            name=op.f('fk_scenario_run_name_scenario_version')),
    sa.PrimaryKeyConstraint('name', 'number', name=op.f('pk_scenario_run')),
    schema='geo'
    )
    op.create_table('scenario_result',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('number', sa.SmallInteger(), nullable=False),
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('place_id', sa.BigInteger(), nullable=False),
    numbers('baseline'),
    numbers('scenario'),
    numbers('difference'),
    sa.CheckConstraint(LEVELS, name=op.f('ck_scenario_result_level')),
    sa.PrimaryKeyConstraint('name', 'number', 'indicator_key', 'level', 'place_id', name=op.f('pk_scenario_result')),
    schema='geo'
    )
    op.create_index('ix_scenario_result_place', 'scenario_result', ['level', 'place_id'], unique=False, schema='geo')
    op.execute(ONLY_ADDED)


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'scenario_version')
    op.drop_index('ix_scenario_result_place', table_name='scenario_result', schema='geo')
    op.drop_table('scenario_result', schema='geo')
    op.drop_table('scenario_run', schema='geo')
    op.drop_table('scenario_version', schema='geo')
    op.drop_table('scenario', schema='geo')
    op.execute("DROP FUNCTION geo.refuse_change_of_scenario()")
