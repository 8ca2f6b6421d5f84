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
    # Statement by statement, whoever writes: a load, a refresh or a person with psql. The number
    # is that of the lock which a service shares while it trusts its memory; a load holds it
    # already. Anybody else cuts those off who share it, so that they ask again; where the role
    # may not, they hear of the change when it is committed.
    op.execute("""
        CREATE FUNCTION geo.tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('geo_data', 'changed');
            BEGIN
                FOR attempt IN 1..500 LOOP
                    EXIT WHEN pg_try_advisory_xact_lock(7105466013);
                    PERFORM pg_terminate_backend(l.pid)
                    FROM pg_locks l JOIN pg_database d ON d.oid = l.database
                    WHERE l.locktype = 'advisory' AND l.mode = 'ShareLock' AND l.granted
                      AND d.datname = current_database() AND l.objsubid = 1
                      AND (l.classid::bigint << 32 | l.objid::bigint) = 7105466013;
                    PERFORM pg_sleep(0.002);
                END LOOP;
            EXCEPTION WHEN insufficient_privilege THEN
                NULL;
            END;
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
