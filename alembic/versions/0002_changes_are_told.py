"""A change of what is served is told, at its commit, to whoever listens.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Statement by statement, whoever writes: a load, a refresh or a person with psql.
    op.execute("""
        CREATE FUNCTION geo.tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('geo_data', 'changed');
            RETURN NULL;
        END
        $$
    """)
    op.execute("""
        CREATE TRIGGER tell_of_change
        AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON geo.data_version
        FOR EACH STATEMENT EXECUTE FUNCTION geo.tell_of_change()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_of_change ON geo.data_version")
    op.execute("DROP FUNCTION geo.tell_of_change()")
