"""Accounts, their keys and sessions, and the record of what was done.

Revision ID: 0008
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from geo_service.core.migrations import refuse_to_lose

revision = '0008'
down_revision = '0009'
branch_labels = None
depends_on = None

#: A statement that would change the past fails, whoever runs it and whatever it would hit.
APPEND_ONLY = """
CREATE FUNCTION geo.audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of geo.audit are added and never changed' USING ERRCODE = '42501';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON geo.audit
FOR EACH STATEMENT EXECUTE FUNCTION geo.audit_is_append_only();
"""


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), server_default='', nullable=False),
    sa.Column('email', sa.Text(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('place_code', sa.Text(), nullable=True),
    sa.Column('language', sa.Text(), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('must_change', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('openid_issuer', sa.Text(), nullable=True),
    sa.Column('openid_subject', sa.Text(), nullable=True),
    sa.Column('is_role_fixed', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('signed_in_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(role IN ('lao', 'province')) = (place_code IS NOT NULL)", name=op.f('ck_account_place')),
    sa.CheckConstraint("language IN ('th', 'en')", name=op.f('ck_account_language')),
    sa.CheckConstraint("name = lower(name) AND name <> ''", name=op.f('ck_account_name')),
    sa.CheckConstraint("openid_subject IS NULL OR role <> 'admin'", name=op.f('ck_account_admin_by_hand')),
    sa.CheckConstraint("role IN ('reader', 'analyst', 'lao', 'province', 'dla', 'admin')", name=op.f('ck_account_role')),
    sa.CheckConstraint('(openid_issuer IS NULL) = (openid_subject IS NULL)', name=op.f('ck_account_openid')),
    sa.CheckConstraint('password_hash IS NULL OR openid_subject IS NULL', name=op.f('ck_account_one_way_in')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('name', name=op.f('uq_account_name')),
    sa.UniqueConstraint('openid_issuer', 'openid_subject', name=op.f('uq_account_openid_issuer_openid_subject')),
    schema='geo'
    )
    op.create_table('api_key',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('secret_hash', sa.LargeBinary(), nullable=False),
    sa.Column('label', sa.Text(), server_default='', nullable=False),
    sa.Column('scopes', postgresql.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint(
        "scopes <@ ARRAY['read', 'load', 'publish', 'manage']::text[] AND cardinality(scopes) > 0",
        name=op.f('ck_api_key_scopes'),
    ),
    sa.CheckConstraint('expires_at > created_at', name=op.f('ck_api_key_expires_at')),
    sa.CheckConstraint('length(secret_hash) = 32', name=op.f('ck_api_key_secret_hash')),
    sa.ForeignKeyConstraint(['account_id'], ['geo.account.id'], name=op.f('fk_api_key_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_key')),
    sa.UniqueConstraint('prefix', name=op.f('uq_api_key_prefix')),
    schema='geo'
    )
    op.create_index(op.f('ix_api_key_account_id'), 'api_key', ['account_id'], unique=False, schema='geo')
    op.create_table('web_session',
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('expires_at > created_at', name=op.f('ck_web_session_expires_at')),
    sa.CheckConstraint('length(token_hash) = 32', name=op.f('ck_web_session_token_hash')),
    sa.ForeignKeyConstraint(['account_id'], ['geo.account.id'], name=op.f('fk_web_session_account_id')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_web_session')),
    schema='geo'
    )
    op.create_index(op.f('ix_web_session_account_id'), 'web_session', ['account_id'], unique=False, schema='geo')
    op.create_table('sign_in_attempt',
    sa.Column('subject', sa.LargeBinary(), nullable=False),
    sa.Column('failures', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('length(subject) = 32', name=op.f('ck_sign_in_attempt_subject')),
    sa.PrimaryKeyConstraint('subject', name=op.f('pk_sign_in_attempt')),
    schema='geo'
    )
    op.create_index(op.f('ix_sign_in_attempt_last_at'), 'sign_in_attempt', ['last_at'], unique=False, schema='geo')
    op.create_table('openid_flow',
    sa.Column('state_hash', sa.LargeBinary(), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('verifier', sa.Text(), nullable=False),
    sa.Column('browser_hash', sa.LargeBinary(), nullable=False),
    sa.Column('return_to', sa.Text(), server_default='', nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('state_hash', name=op.f('pk_openid_flow')),
    schema='geo'
    )
    op.create_index(op.f('ix_openid_flow_expires_at'), 'openid_flow', ['expires_at'], unique=False, schema='geo')
    op.create_table('audit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('outcome', sa.Text(), server_default='done', nullable=False),
    sa.Column('who_kind', sa.Text(), nullable=False),
    sa.Column('who_id', sa.Text(), server_default='', nullable=False),
    sa.Column('who_name', sa.Text(), server_default='', nullable=False),
    sa.Column('what', sa.Text(), server_default='', nullable=False),
    sa.Column('address', sa.Text(), server_default='', nullable=False),
    sa.Column('request_id', sa.Text(), server_default='', nullable=False),
    sa.Column('detail', postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("outcome IN ('done', 'refused', 'failed')", name=op.f('ck_audit_outcome')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit')),
    schema='geo'
    )
    op.create_index('ix_audit_action', 'audit', ['action', 'at'], unique=False, schema='geo')
    op.create_index('ix_audit_at', 'audit', ['at'], unique=False, schema='geo')
    op.create_index('ix_audit_who', 'audit', ['who_name', 'at'], unique=False, schema='geo')
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'account', 'audit')
    for table in ('audit', 'openid_flow', 'sign_in_attempt', 'web_session', 'api_key', 'account'):
        op.drop_table(table, schema='geo')
    op.execute('DROP FUNCTION geo.audit_is_append_only()')
