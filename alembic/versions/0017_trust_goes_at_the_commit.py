"""A change of what is served cuts off those who trust their memory when it is committed.

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_DROP = "DROP TRIGGER tell_of_change ON geo.data_version"


def upgrade() -> None:
    # A load raises versions long before it ends, as what is derived is marked with them. Only a
    # trigger by row can wait for the commit, and none can for TRUNCATE.
    op.execute(_DROP)
    op.execute("""
        CREATE CONSTRAINT TRIGGER tell_of_change
        AFTER INSERT OR UPDATE OR DELETE ON geo.data_version
        DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION geo.tell_of_change()
    """)
    op.execute("""
        CREATE TRIGGER tell_of_emptying AFTER TRUNCATE ON geo.data_version
        FOR EACH STATEMENT EXECUTE FUNCTION geo.tell_of_change()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER tell_of_emptying ON geo.data_version")
    op.execute(_DROP)
    op.execute("""
        CREATE TRIGGER tell_of_change
        AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON geo.data_version
        FOR EACH STATEMENT EXECUTE FUNCTION geo.tell_of_change()
    """)
