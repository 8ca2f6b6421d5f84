"""Remarks that compare numbers are taken from what is guarded: they told what is withheld.

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

#: What `layers/sql/values_begin.sql` leaves of the remarks on a guarded indicator.
KEPT = "^(denominator-|estimated-denominator$|lower-tier$|successor-of-|name-)"
GUARDED = (
    "SELECT key FROM geo.indicator WHERE privacy <> 'P0' UNION SELECT indicator_key FROM geo.sealed_value"
)
TABLES = (
    ('place_value', f"v.indicator_key IN ({GUARDED})"),
    ('slice_value', f"v.slice_id IN (SELECT id FROM geo.slice WHERE indicator_key IN ({GUARDED}))"),
)


def upgrade() -> None:
    for table, is_guarded in TABLES:
        op.execute(
            f"UPDATE geo.{table} AS v SET flags = ARRAY(SELECT f FROM unnest(v.flags) AS f WHERE f ~ '{KEPT}')"
            f" WHERE v.flags <> '{{}}' AND {is_guarded}"
            f" AND EXISTS (SELECT FROM unnest(v.flags) AS f WHERE f !~ '{KEPT}')"
        )


def downgrade() -> None:
    """Nothing to give back: the next refresh writes remarks anew."""
