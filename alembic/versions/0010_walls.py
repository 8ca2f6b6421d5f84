"""Walls: what each role may see of what is withheld, row by row.

Revision ID: 0010
Revises: 0008
"""

from alembic import op

revision = '0010'
down_revision = '0008'
branch_labels = None
depends_on = None

SEALED = ('sealed_value', 'sealed_slice_value', 'reject')

#: The scope of a transaction is the setting `geo.scope`: 'dla', 'admin', 'province:50' or
#: 'lao:6500101'. Nothing is seen without it.
INSIDE = """
CREATE SCHEMA geo_inside;

CREATE TABLE geo_inside.sight (
    role text NOT NULL,
    privacy text NOT NULL,
    CONSTRAINT pk_sight PRIMARY KEY (role, privacy),
    CONSTRAINT ck_sight_role CHECK (role IN ('lao', 'province', 'dla', 'admin')),
    CONSTRAINT ck_sight_privacy CHECK (privacy IN ('P0', 'P1', 'P2', 'P3', 'P4'))
);
COMMENT ON TABLE geo_inside.sight IS
    'Privacy classes of which a role may see what is withheld, within its scope';
INSERT INTO geo_inside.sight (role, privacy)
SELECT role, privacy
FROM unnest(ARRAY['lao', 'province', 'dla', 'admin']) AS role,
     unnest(ARRAY['P0', 'P1', 'P2', 'P3', 'P4']) AS privacy
WHERE privacy < 'P4' OR role IN ('dla', 'admin');

CREATE FUNCTION geo_inside.scope_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN split_part(current_setting('geo.scope', true), ':', 1);
CREATE FUNCTION geo_inside.scope_place() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(split_part(current_setting('geo.scope', true), ':', 2), '');

-- Indicators of which the scope sees more than the public.
CREATE VIEW geo_inside.seen (indicator_key) WITH (security_invoker) AS
SELECT i.key
FROM geo.indicator AS i
JOIN geo_inside.sight AS s ON s.privacy = i.privacy
WHERE s.role = geo_inside.scope_role();

-- Places of a scope that is not the whole country, in force at any time.
CREATE VIEW geo_inside.place (level, place_id) WITH (security_invoker) AS
WITH province AS (
    SELECT a.id FROM geo.area AS a
    WHERE a.level = 'province' AND a.code = geo_inside.scope_place()
      AND geo_inside.scope_role() = 'province'
),
district AS (
    SELECT a.id FROM geo.area AS a
    JOIN province AS p ON p.id = a.parent_id
    WHERE a.level = 'district'
),
own AS (
    SELECT o.id FROM geo.org AS o
    WHERE o.code = geo_inside.scope_place() AND geo_inside.scope_role() = 'lao'
)
SELECT 'province', id FROM province
UNION ALL
SELECT 'district', id FROM district
UNION ALL
SELECT 'subdistrict', a.id FROM geo.area AS a
JOIN district AS d ON d.id = a.parent_id
WHERE a.level = 'subdistrict'
UNION ALL
SELECT 'org', o.id FROM geo.org AS o JOIN province AS p ON p.id = o.province_id
UNION ALL
SELECT 'org', id FROM own
UNION ALL
SELECT 'subdistrict', c.area_id FROM geo.org_coverage AS c
JOIN own AS o ON o.id = c.org_id
WHERE c.extent = 'whole';
"""
OF_SCOPE = """(
    (SELECT geo_inside.scope_role()) IN ('dla', 'admin')
    OR (level, place_id) IN (SELECT p.level, p.place_id FROM geo_inside.place AS p)
)"""
SEEN = "SELECT s.indicator_key FROM geo_inside.seen AS s"
POLICIES = {
    'sealed_value': f"indicator_key IN ({SEEN}) AND {OF_SCOPE}",
    'sealed_slice_value': "slice_id IN (SELECT t.id FROM geo.slice AS t"
                          f" WHERE t.indicator_key IN ({SEEN})) AND {OF_SCOPE}",
    # What stood in a row that was refused may be anything.
    'reject': "(SELECT geo_inside.scope_role()) IN ('dla', 'admin')",
}
#: Which data set spoke of what, never what it said; which rows were refused, not what they held.
PUBLISHED = """
CREATE VIEW geo.reported AS
SELECT id, indicator_key, period_key, area_id, org_id, dataset_id, version_id, source_row,
       breakdown = '{}' AS is_total
FROM geo.observation;

CREATE VIEW geo.refusal AS
SELECT id, run_id, severity, reason, file_name, "row", "column",
       NULL::text AS said, ''::text AS hint_th, ''::text AS hint_en, '[]'::jsonb AS candidates
FROM geo.reject;

CREATE VIEW geo_inside.refusal WITH (security_invoker) AS
SELECT p.id, p.run_id, p.severity, p.reason, p.file_name, p."row", p."column",
       r.said, coalesce(r.hint_th, '') AS hint_th, coalesce(r.hint_en, '') AS hint_en,
       coalesce(r.candidates, '[]') AS candidates
FROM geo.refusal AS p
LEFT JOIN geo.reject AS r ON r.id = p.id;
"""
#: Only an owner may tell the planner of a table; loads ask for it by name.
MEASURE = """
CREATE FUNCTION geo.measure(name text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF to_regclass(format('geo.%I', name)) IS NULL THEN
        RAISE undefined_table USING MESSAGE = format('there is no table geo.%I', name);
    END IF;
    EXECUTE format('ANALYZE geo.%I', name);
END
$$;
REVOKE EXECUTE ON FUNCTION geo.measure(text) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(INSIDE)
    for table in SEALED:
        op.execute(f"ALTER TABLE geo.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE geo.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_owner ON geo.{table} TO CURRENT_USER USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY of_loads ON geo.{table} TO geo_ingest USING (true) WITH CHECK (true)")
        op.execute(f"CREATE POLICY of_scope ON geo.{table} FOR SELECT TO geo_insider USING ({POLICIES[table]})")
    op.execute(PUBLISHED)
    op.execute(MEASURE)


def downgrade() -> None:
    op.execute("DROP FUNCTION geo.measure(text)")
    op.execute("DROP VIEW geo_inside.refusal, geo.refusal, geo.reported")
    for table in SEALED:
        for policy in ('of_scope', 'of_loads', 'of_owner'):
            op.execute(f"DROP POLICY {policy} ON geo.{table}")
        op.execute(f"ALTER TABLE geo.{table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE geo.{table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP SCHEMA geo_inside CASCADE")
