"""The first tables: provenance, areas, organisations, catalogue, observations, features, hexagons.

Revision ID: 0001
Revises: 
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry
from sqlalchemy.dialects import postgresql

from geo_service.core.migrations import refuse_to_lose

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for extension in ("postgis", "btree_gist", "pg_trgm"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
    op.create_table('area_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('from_code', sa.Text(), nullable=False),
    sa.Column('to_code', sa.Text(), nullable=True),
    sa.Column('effective', sa.Date(), nullable=True),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.CheckConstraint("kind IN ('recoded', 'split', 'merged', 'renamed', 'abolished', 'created', 'upgraded', 'redrawn')", name=op.f('ck_area_event_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area_event')),
    schema='geo'
    )
    op.create_index('uq_area_event', 'area_event', ['level', 'kind', 'from_code', 'to_code'], unique=True, schema='geo', postgresql_nulls_not_distinct=True)
    op.create_table('data_version',
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.PrimaryKeyConstraint('subject', name=op.f('pk_data_version')),
    schema='geo'
    )
    op.create_table('dataset',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('title_th', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('publisher_th', sa.Text(), server_default='', nullable=False),
    sa.Column('publisher_en', sa.Text(), server_default='', nullable=False),
    sa.Column('licence', sa.Text(), server_default='', nullable=False),
    sa.Column('attribution_th', sa.Text(), server_default='', nullable=False),
    sa.Column('attribution_en', sa.Text(), server_default='', nullable=False),
    sa.Column('source_url', sa.Text(), server_default='', nullable=False),
    sa.Column('is_sample', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint("kind IN ('boundaries', 'organisations', 'indicators', 'features', 'derived')", name=op.f('ck_dataset_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dataset')),
    schema='geo'
    )
    op.create_geospatial_table('hex_cell',
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('resolution', sa.SmallInteger(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='POLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.Column('geom_3857', Geometry(geometry_type='POLYGON', srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.PrimaryKeyConstraint('cell', name=op.f('pk_hex_cell')),
    schema='geo'
    )
    op.create_geospatial_index('ix_hex_cell_geom', 'hex_cell', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_geospatial_index('ix_hex_cell_geom_3857', 'hex_cell', ['geom_3857'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_hex_cell_resolution', 'hex_cell', ['resolution'], unique=False, schema='geo')
    op.create_table('indicator',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=True),
    sa.Column('theme', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('unit_th', sa.Text(), nullable=False),
    sa.Column('unit_en', sa.Text(), nullable=False),
    sa.Column('definition_th', sa.Text(), server_default='', nullable=False),
    sa.Column('definition_en', sa.Text(), server_default='', nullable=False),
    sa.Column('formula', sa.Text(), server_default='', nullable=False),
    sa.Column('numerator_keys', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('denominator_key', sa.Text(), nullable=True),
    sa.Column('denominator_max_age_years', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('factor', sa.Float(), server_default='1', nullable=False),
    sa.Column('space_agg', sa.Text(), nullable=False),
    sa.Column('time_agg', sa.Text(), nullable=False),
    sa.Column('weight_key', sa.Text(), nullable=True),
    sa.Column('tier', sa.Text(), server_default='lower', nullable=False),
    sa.Column('direction', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('privacy', sa.Text(), server_default='P0', nullable=False),
    sa.Column('finest_level', sa.Text(), server_default='subdistrict', nullable=False),
    sa.Column('calendar', sa.Text(), server_default='gregorian', nullable=False),
    sa.Column('decimals', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('ramp', sa.Text(), server_default='', nullable=False),
    sa.Column('thresholds', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('target', sa.Float(), nullable=True),
    sa.Column('bounds', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('source_th', sa.Text(), server_default='', nullable=False),
    sa.Column('source_en', sa.Text(), server_default='', nullable=False),
    sa.Column('is_component', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.CheckConstraint("calendar IN ('gregorian', 'fiscal', 'academic')", name=op.f('ck_indicator_calendar')),
    sa.CheckConstraint("finest_level IN ('country', 'region', 'province', 'district', 'subdistrict', 'org')", name=op.f('ck_indicator_finest_level')),
    sa.CheckConstraint("key ~ '^[a-z][a-z0-9_]{1,62}$'", name=op.f('ck_indicator_key')),
    sa.CheckConstraint("privacy IN ('P0', 'P1', 'P2', 'P3', 'P4')", name=op.f('ck_indicator_privacy')),
    sa.CheckConstraint("space_agg IN ('SUM', 'RATIO', 'COUNT', 'WMEAN', 'RECLASSIFY', 'NONE')", name=op.f('ck_indicator_space_agg')),
    sa.CheckConstraint("theme IN ('population', 'waste', 'ageing', 'disability', 'infrastructure', 'finance', 'governance')", name=op.f('ck_indicator_theme')),
    sa.CheckConstraint("tier IN ('lower', 'upper', 'both')", name=op.f('ck_indicator_tier')),
    sa.CheckConstraint("time_agg IN ('LAST', 'SUM', 'MEAN_DAYS', 'RATIO', 'NONE')", name=op.f('ck_indicator_time_agg')),
    sa.CheckConstraint('direction IN (-1, 0, 1)', name=op.f('ck_indicator_direction')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_indicator')),
    sa.UniqueConstraint('number', name=op.f('uq_indicator_number')),
    schema='geo'
    )
    op.create_table('period',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('calendar', sa.Text(), nullable=False),
    sa.Column('granularity', sa.Text(), nullable=False),
    sa.Column('start_date', sa.Date(), nullable=False),
    sa.Column('end_date', sa.Date(), nullable=False),
    sa.Column('label_th', sa.Text(), nullable=False),
    sa.Column('label_en', sa.Text(), nullable=False),
    sa.CheckConstraint("calendar IN ('gregorian', 'fiscal', 'academic')", name=op.f('ck_period_calendar')),
    sa.CheckConstraint("granularity IN ('year', 'quarter', 'month')", name=op.f('ck_period_granularity')),
    sa.CheckConstraint('start_date <= end_date', name=op.f('ck_period_order')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_period')),
    schema='geo'
    )
    op.create_table('region_scheme',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), server_default='', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_region_scheme')),
    schema='geo'
    )
    op.create_table('site_type',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('site_class', sa.Text(), nullable=False),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.CheckConstraint("site_class IN ('proper', 'improper', 'transfer')", name=op.f('ck_site_type_class')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_site_type')),
    schema='geo'
    )
    op.create_table('feature_layer',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('title_th', sa.Text(), nullable=False),
    sa.Column('title_en', sa.Text(), nullable=False),
    sa.Column('description_th', sa.Text(), server_default='', nullable=False),
    sa.Column('description_en', sa.Text(), server_default='', nullable=False),
    sa.Column('theme', sa.Text(), nullable=False),
    sa.Column('geometry_type', sa.Text(), nullable=False),
    sa.Column('properties', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('dataset_id', sa.Text(), nullable=False),
    sa.CheckConstraint("geometry_type IN ('Point', 'LineString', 'Polygon', 'Geometry')", name=op.f('ck_feature_layer_geometry_type')),
    sa.CheckConstraint("id ~ '^[a-z][a-z0-9-]{1,62}$'", name=op.f('ck_feature_layer_id')),
    sa.CheckConstraint("theme IN ('population', 'waste', 'ageing', 'disability', 'infrastructure', 'finance', 'governance')", name=op.f('ck_feature_layer_theme')),
    sa.ForeignKeyConstraint(['dataset_id'], ['geo.dataset.id'], name=op.f('fk_feature_layer_dataset_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feature_layer')),
    schema='geo'
    )
    op.create_table('hexbin',
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('period_key', sa.Text(), nullable=False),
    sa.Column('resolution', sa.SmallInteger(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('numerator', sa.Double(), nullable=True),
    sa.Column('denominator', sa.Double(), nullable=True),
    sa.Column('reporting', sa.BigInteger(), nullable=False),
    sa.Column('expected', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status IN ('reported', 'zero', 'not_reported', 'not_applicable', 'suppressed')", name=op.f('ck_hexbin_status')),
    sa.PrimaryKeyConstraint('indicator_key', 'period_key', 'resolution', 'cell', name=op.f('pk_hexbin')),
    schema='geo'
    )
    op.create_table('ingest_run',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('dataset_id', sa.Text(), nullable=False),
    sa.Column('recipe', sa.Text(), nullable=False),
    sa.Column('recipe_sha256', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('file_sha256', sa.Text(), nullable=False),
    sa.Column('file_bytes', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rows_read', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rows_loaded', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rows_unchanged', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rows_refused', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('rows_flagged', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('report', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.CheckConstraint("status IN ('running', 'loaded', 'loaded-with-rejects', 'refused', 'failed', 'rolled-back')", name=op.f('ck_ingest_run_status')),
    sa.ForeignKeyConstraint(['dataset_id'], ['geo.dataset.id'], name=op.f('fk_ingest_run_dataset_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ingest_run')),
    schema='geo'
    )
    op.create_index(op.f('ix_ingest_run_dataset_id'), 'ingest_run', ['dataset_id'], unique=False, schema='geo')
    op.create_table('place_value',
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('period_key', sa.Text(), nullable=False),
    sa.Column('place_id', sa.BigInteger(), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('numerator', sa.Double(), nullable=True),
    sa.Column('denominator', sa.Double(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reporting', sa.BigInteger(), nullable=False),
    sa.Column('expected', sa.BigInteger(), nullable=False),
    sa.Column('basis', sa.Text(), nullable=False),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("basis IN ('reported', 'aggregated', 'derived')", name=op.f('ck_place_value_basis')),
    sa.CheckConstraint("level IN ('country', 'region', 'province', 'district', 'subdistrict', 'org')", name=op.f('ck_place_value_level')),
    sa.CheckConstraint("status IN ('reported', 'zero', 'not_reported', 'not_applicable', 'suppressed')", name=op.f('ck_place_value_status')),
    sa.CheckConstraint('reporting <= expected', name=op.f('ck_place_value_reporting')),
    sa.PrimaryKeyConstraint('indicator_key', 'level', 'period_key', 'place_id', name=op.f('pk_place_value')),
    schema='geo'
    )
    op.create_index('ix_place_value_place', 'place_value', ['level', 'place_id'], unique=False, schema='geo')
    op.create_table('series_break',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('effective', sa.Date(), nullable=False),
    sa.Column('note_th', sa.Text(), nullable=False),
    sa.Column('note_en', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['indicator_key'], ['geo.indicator.key'], name=op.f('fk_series_break_indicator_key'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_series_break')),
    sa.UniqueConstraint('indicator_key', 'effective', name=op.f('uq_series_break_indicator_key_effective')),
    schema='geo'
    )
    op.create_table('dataset_version',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('dataset_id', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.ForeignKeyConstraint(['dataset_id'], ['geo.dataset.id'], name=op.f('fk_dataset_version_dataset_id')),
    sa.ForeignKeyConstraint(['run_id'], ['geo.ingest_run.id'], name=op.f('fk_dataset_version_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dataset_version')),
    sa.UniqueConstraint('dataset_id', 'version', name=op.f('uq_dataset_version_dataset_id_version')),
    schema='geo'
    )
    op.create_index(op.f('ix_dataset_version_run_id'), 'dataset_version', ['run_id'], unique=False, schema='geo')
    op.create_table('reject',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('run_id', sa.BigInteger(), nullable=False),
    sa.Column('severity', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('file_name', sa.Text(), nullable=False),
    sa.Column('row', sa.BigInteger(), nullable=True),
    sa.Column('column', sa.Text(), nullable=True),
    sa.Column('said', sa.Text(), nullable=True),
    sa.Column('hint_th', sa.Text(), server_default='', nullable=False),
    sa.Column('hint_en', sa.Text(), server_default='', nullable=False),
    sa.Column('candidates', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.CheckConstraint("severity IN ('refused', 'flagged', 'repaired')", name=op.f('ck_reject_severity')),
    sa.ForeignKeyConstraint(['run_id'], ['geo.ingest_run.id'], name=op.f('fk_reject_run_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reject')),
    schema='geo'
    )
    op.create_index(op.f('ix_reject_run_id'), 'reject', ['run_id'], unique=False, schema='geo')
    op.create_geospatial_table('area',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('scheme', sa.Text(), nullable=True),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('name_alt', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('parent_id', sa.BigInteger(), nullable=True),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('point', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('area_km2', sa.Double(), nullable=True),
    sa.Column('is_illustrative', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('valid', postgresql.DATERANGE(), server_default=sa.text("'(,)'"), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=True),
    sa.Column('shape_version_id', sa.BigInteger(), nullable=True),
    postgresql.ExcludeConstraint((sa.column('level'), '='), (sa.text("coalesce(scheme, '')"), '='), (sa.column('code'), '='), (sa.column('valid'), '&&'), using='gist', name='ex_area_code_valid'),
    sa.CheckConstraint("(level = 'region') = (scheme IS NOT NULL)", name=op.f('ck_area_scheme')),
    sa.CheckConstraint("level IN ('country', 'region', 'province', 'district', 'subdistrict')", name=op.f('ck_area_level')),
    sa.CheckConstraint('NOT isempty(valid)', name=op.f('ck_area_valid')),
    sa.CheckConstraint('area_km2 IS NULL OR area_km2 > 0', name=op.f('ck_area_area_km2')),
    sa.ForeignKeyConstraint(['parent_id'], ['geo.area.id'], name=op.f('fk_area_parent_id')),
    sa.ForeignKeyConstraint(['scheme'], ['geo.region_scheme.id'], name=op.f('fk_area_scheme')),
    sa.ForeignKeyConstraint(['shape_version_id'], ['geo.dataset_version.id'], name=op.f('fk_area_shape_version_id')),
    sa.ForeignKeyConstraint(['version_id'], ['geo.dataset_version.id'], name=op.f('fk_area_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area')),
    schema='geo'
    )
    op.create_geospatial_index('ix_area_geom', 'area', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_index('ix_area_level_code', 'area', ['level', 'code'], unique=False, schema='geo')
    op.create_index(op.f('ix_area_parent_id'), 'area', ['parent_id'], unique=False, schema='geo')
    op.create_index(op.f('ix_area_version_id'), 'area', ['version_id'], unique=False, schema='geo')
    op.create_table('row_before',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.Column('table_name', sa.Text(), nullable=False),
    sa.Column('row_id', sa.BigInteger(), nullable=False),
    sa.Column('image', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['version_id'], ['geo.dataset_version.id'], name=op.f('fk_row_before_version_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_row_before')),
    schema='geo'
    )
    op.create_index('ix_row_before_version', 'row_before', ['version_id', 'table_name'], unique=False, schema='geo')
    op.create_table('area_code',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('area_id', sa.BigInteger(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('valid', postgresql.DATERANGE(), server_default=sa.text("'(,)'"), nullable=False),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_area_code_area_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_area_code')),
    schema='geo'
    )
    op.create_index(op.f('ix_area_code_area_id'), 'area_code', ['area_id'], unique=False, schema='geo')
    op.create_index('ix_area_code_system_code', 'area_code', ['system', 'code'], unique=False, schema='geo')
    op.create_geospatial_table('area_shape',
    sa.Column('area_id', sa.BigInteger(), nullable=False),
    sa.Column('band', sa.SmallInteger(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_area_shape_area_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('area_id', 'band', name=op.f('pk_area_shape')),
    schema='geo'
    )
    op.create_geospatial_index('ix_area_shape_geom', 'area_shape', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_table('cell_share',
    sa.Column('resolution', sa.SmallInteger(), nullable=False),
    sa.Column('area_id', sa.BigInteger(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('share', sa.Double(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('share > 0 AND share <= 1.000000001', name=op.f('ck_cell_share_share')),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_cell_share_area_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('resolution', 'area_id', 'cell', name=op.f('pk_cell_share')),
    schema='geo'
    )
    op.create_index('ix_cell_share_cell', 'cell_share', ['resolution', 'cell'], unique=False, schema='geo')
    op.create_geospatial_table('feature',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('layer_id', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), server_default='', nullable=False),
    sa.Column('name_en', sa.Text(), server_default='', nullable=False),
    sa.Column('geom', Geometry(srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('area_id', sa.BigInteger(), nullable=True),
    sa.Column('properties', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=True),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_feature_area_id')),
    sa.ForeignKeyConstraint(['layer_id'], ['geo.feature_layer.id'], name=op.f('fk_feature_layer_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['version_id'], ['geo.dataset_version.id'], name=op.f('fk_feature_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feature')),
    sa.UniqueConstraint('layer_id', 'code', name=op.f('uq_feature_layer_id_code')),
    schema='geo'
    )
    op.create_index(op.f('ix_feature_area_id'), 'feature', ['area_id'], unique=False, schema='geo')
    op.create_geospatial_index('ix_feature_geom', 'feature', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_index(op.f('ix_feature_version_id'), 'feature', ['version_id'], unique=False, schema='geo')
    op.create_geospatial_table('org',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('tier', sa.Text(), nullable=False),
    sa.Column('name_th', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('name_alt', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('province_id', sa.BigInteger(), nullable=False),
    sa.Column('district_id', sa.BigInteger(), nullable=True),
    sa.Column('point', Geometry(geometry_type='POINT', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('point_source', sa.Text(), server_default='none', nullable=False),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=4326, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry'), nullable=True),
    sa.Column('geom_source', sa.Text(), server_default='none', nullable=False),
    sa.Column('area_km2', sa.Double(), nullable=True),
    sa.Column('size_class', sa.Text(), nullable=True),
    sa.Column('website', sa.Text(), nullable=True),
    sa.Column('wikidata', sa.Text(), nullable=True),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('valid', postgresql.DATERANGE(), server_default=sa.text("'(,)'"), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=True),
    postgresql.ExcludeConstraint((sa.column('code'), '='), (sa.column('valid'), '&&'), using='gist', name='ex_org_code_valid'),
    sa.CheckConstraint("(kind = 'PAO') = (tier = 'upper')", name=op.f('ck_org_tier')),
    sa.CheckConstraint("geom_source IN ('none', 'official', 'coverage', 'approximate', 'province')", name=op.f('ck_org_geom_source')),
    sa.CheckConstraint("kind IN ('PAO', 'city', 'town', 'subdistrict_municipality', 'SAO', 'BMA', 'Pattaya')", name=op.f('ck_org_kind')),
    sa.CheckConstraint("point_source IN ('none', 'office', 'centroid', 'illustrative')", name=op.f('ck_org_point_source')),
    sa.CheckConstraint("tier IN ('upper', 'lower')", name=op.f('ck_org_tier_known')),
    sa.ForeignKeyConstraint(['district_id'], ['geo.area.id'], name=op.f('fk_org_district_id')),
    sa.ForeignKeyConstraint(['province_id'], ['geo.area.id'], name=op.f('fk_org_province_id')),
    sa.ForeignKeyConstraint(['version_id'], ['geo.dataset_version.id'], name=op.f('fk_org_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_org')),
    schema='geo'
    )
    op.create_index(op.f('ix_org_district_id'), 'org', ['district_id'], unique=False, schema='geo')
    op.create_geospatial_index('ix_org_geom', 'org', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_geospatial_index('ix_org_point', 'org', ['point'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})
    op.create_index(op.f('ix_org_province_id'), 'org', ['province_id'], unique=False, schema='geo')
    op.create_index(op.f('ix_org_version_id'), 'org', ['version_id'], unique=False, schema='geo')
    op.create_table('region_member',
    sa.Column('region_id', sa.BigInteger(), nullable=False),
    sa.Column('province_code', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['region_id'], ['geo.area.id'], name=op.f('fk_region_member_region_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('region_id', 'province_code', name=op.f('pk_region_member')),
    schema='geo'
    )
    op.create_table('observation',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('indicator_key', sa.Text(), nullable=False),
    sa.Column('area_id', sa.BigInteger(), nullable=True),
    sa.Column('org_id', sa.BigInteger(), nullable=True),
    sa.Column('period_key', sa.Text(), nullable=False),
    sa.Column('breakdown', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('value', sa.Double(), nullable=True),
    sa.Column('numerator', sa.Double(), nullable=True),
    sa.Column('denominator', sa.Double(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('flags', postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('source_row', sa.BigInteger(), nullable=True),
    sa.Column('dataset_id', sa.Text(), nullable=False),
    sa.Column('version_id', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("(status = 'reported' AND value IS NOT NULL AND value <> 0) OR (status = 'zero' AND value = 0) OR (status NOT IN ('reported', 'zero') AND value IS NULL)", name=op.f('ck_observation_value_matches_status')),
    sa.CheckConstraint("status IN ('reported', 'zero', 'not_reported', 'not_applicable', 'suppressed')", name=op.f('ck_observation_status')),
    sa.CheckConstraint("value <> 'NaN' AND abs(value) < 'Infinity'", name=op.f('ck_observation_finite')),
    sa.CheckConstraint('num_nonnulls(area_id, org_id) = 1', name=op.f('ck_observation_one_place')),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_observation_area_id')),
    sa.ForeignKeyConstraint(['dataset_id'], ['geo.dataset.id'], name=op.f('fk_observation_dataset_id')),
    sa.ForeignKeyConstraint(['indicator_key'], ['geo.indicator.key'], name=op.f('fk_observation_indicator_key')),
    sa.ForeignKeyConstraint(['org_id'], ['geo.org.id'], name=op.f('fk_observation_org_id')),
    sa.ForeignKeyConstraint(['period_key'], ['geo.period.key'], name=op.f('fk_observation_period_key')),
    sa.ForeignKeyConstraint(['version_id'], ['geo.dataset_version.id'], name=op.f('fk_observation_version_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_observation')),
    schema='geo'
    )
    op.create_index(op.f('ix_observation_area_id'), 'observation', ['area_id'], unique=False, schema='geo')
    op.create_index(op.f('ix_observation_org_id'), 'observation', ['org_id'], unique=False, schema='geo')
    op.create_index(op.f('ix_observation_period_key'), 'observation', ['period_key'], unique=False, schema='geo')
    op.create_index(op.f('ix_observation_version_id'), 'observation', ['version_id'], unique=False, schema='geo')
    op.create_index('uq_observation', 'observation', ['indicator_key', 'period_key', 'area_id', 'org_id', 'breakdown', 'dataset_id'], unique=True, schema='geo', postgresql_nulls_not_distinct=True)
    op.create_table('org_code',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('org_id', sa.BigInteger(), nullable=False),
    sa.Column('system', sa.Text(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('valid', postgresql.DATERANGE(), server_default=sa.text("'(,)'"), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['geo.org.id'], name=op.f('fk_org_code_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_org_code')),
    schema='geo'
    )
    op.create_index(op.f('ix_org_code_org_id'), 'org_code', ['org_id'], unique=False, schema='geo')
    op.create_index('ix_org_code_system_code', 'org_code', ['system', 'code'], unique=False, schema='geo')
    op.create_table('org_coverage',
    sa.Column('org_id', sa.BigInteger(), nullable=False),
    sa.Column('area_id', sa.BigInteger(), nullable=False),
    sa.Column('extent', sa.Text(), nullable=False),
    sa.Column('share_area', sa.Double(), nullable=False),
    sa.Column('share_pop', sa.Double(), nullable=False),
    sa.Column('share_method', sa.Text(), nullable=False),
    sa.CheckConstraint("extent IN ('whole', 'part')", name=op.f('ck_org_coverage_extent')),
    sa.CheckConstraint("share_method IN ('stated', 'whole', 'estimated')", name=op.f('ck_org_coverage_method')),
    sa.CheckConstraint('share_area > 0 AND share_area <= 1', name=op.f('ck_org_coverage_share_area')),
    sa.CheckConstraint('share_pop >= 0 AND share_pop <= 1', name=op.f('ck_org_coverage_share_pop')),
    sa.ForeignKeyConstraint(['area_id'], ['geo.area.id'], name=op.f('fk_org_coverage_area_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['org_id'], ['geo.org.id'], name=op.f('fk_org_coverage_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'area_id', name=op.f('pk_org_coverage')),
    schema='geo'
    )
    op.create_index(op.f('ix_org_coverage_area_id'), 'org_coverage', ['area_id'], unique=False, schema='geo')
    op.create_geospatial_table('org_shape',
    sa.Column('org_id', sa.BigInteger(), nullable=False),
    sa.Column('band', sa.SmallInteger(), nullable=False),
    sa.Column('geom', Geometry(geometry_type='MULTIPOLYGON', srid=3857, dimension=2, spatial_index=False, from_text='ST_GeomFromEWKT', name='geometry', nullable=False), nullable=False),
    sa.ForeignKeyConstraint(['org_id'], ['geo.org.id'], name=op.f('fk_org_shape_org_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('org_id', 'band', name=op.f('pk_org_shape')),
    schema='geo'
    )
    op.create_geospatial_index('ix_org_shape_geom', 'org_shape', ['geom'], unique=False, schema='geo', postgresql_using='gist', postgresql_ops={})


def downgrade() -> None:
    refuse_to_lose(op.get_context(), 'dataset_version')
    op.drop_geospatial_index('ix_org_shape_geom', table_name='org_shape', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('org_shape', schema='geo')
    op.drop_index(op.f('ix_org_coverage_area_id'), table_name='org_coverage', schema='geo')
    op.drop_table('org_coverage', schema='geo')
    op.drop_index('ix_org_code_system_code', table_name='org_code', schema='geo')
    op.drop_index(op.f('ix_org_code_org_id'), table_name='org_code', schema='geo')
    op.drop_table('org_code', schema='geo')
    op.drop_index('uq_observation', table_name='observation', schema='geo', postgresql_nulls_not_distinct=True)
    op.drop_index(op.f('ix_observation_version_id'), table_name='observation', schema='geo')
    op.drop_index(op.f('ix_observation_period_key'), table_name='observation', schema='geo')
    op.drop_index(op.f('ix_observation_org_id'), table_name='observation', schema='geo')
    op.drop_index(op.f('ix_observation_area_id'), table_name='observation', schema='geo')
    op.drop_table('observation', schema='geo')
    op.drop_table('region_member', schema='geo')
    op.drop_index(op.f('ix_org_version_id'), table_name='org', schema='geo')
    op.drop_index(op.f('ix_org_province_id'), table_name='org', schema='geo')
    op.drop_geospatial_index('ix_org_point', table_name='org', schema='geo', postgresql_using='gist', column_name='point')
    op.drop_geospatial_index('ix_org_geom', table_name='org', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_index(op.f('ix_org_district_id'), table_name='org', schema='geo')
    op.drop_geospatial_table('org', schema='geo')
    op.drop_index(op.f('ix_feature_version_id'), table_name='feature', schema='geo')
    op.drop_geospatial_index('ix_feature_geom', table_name='feature', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_index(op.f('ix_feature_area_id'), table_name='feature', schema='geo')
    op.drop_geospatial_table('feature', schema='geo')
    op.drop_index('ix_cell_share_cell', table_name='cell_share', schema='geo')
    op.drop_table('cell_share', schema='geo')
    op.drop_geospatial_index('ix_area_shape_geom', table_name='area_shape', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('area_shape', schema='geo')
    op.drop_index('ix_area_code_system_code', table_name='area_code', schema='geo')
    op.drop_index(op.f('ix_area_code_area_id'), table_name='area_code', schema='geo')
    op.drop_table('area_code', schema='geo')
    op.drop_index('ix_row_before_version', table_name='row_before', schema='geo')
    op.drop_table('row_before', schema='geo')
    op.drop_index(op.f('ix_area_version_id'), table_name='area', schema='geo')
    op.drop_index(op.f('ix_area_parent_id'), table_name='area', schema='geo')
    op.drop_index('ix_area_level_code', table_name='area', schema='geo')
    op.drop_geospatial_index('ix_area_geom', table_name='area', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('area', schema='geo')
    op.drop_index(op.f('ix_reject_run_id'), table_name='reject', schema='geo')
    op.drop_table('reject', schema='geo')
    op.drop_index(op.f('ix_dataset_version_run_id'), table_name='dataset_version', schema='geo')
    op.drop_table('dataset_version', schema='geo')
    op.drop_table('series_break', schema='geo')
    op.drop_index('ix_place_value_place', table_name='place_value', schema='geo')
    op.drop_table('place_value', schema='geo')
    op.drop_index(op.f('ix_ingest_run_dataset_id'), table_name='ingest_run', schema='geo')
    op.drop_table('ingest_run', schema='geo')
    op.drop_table('hexbin', schema='geo')
    op.drop_table('feature_layer', schema='geo')
    op.drop_table('site_type', schema='geo')
    op.drop_table('region_scheme', schema='geo')
    op.drop_table('period', schema='geo')
    op.drop_table('indicator', schema='geo')
    op.drop_index('ix_hex_cell_resolution', table_name='hex_cell', schema='geo')
    op.drop_geospatial_index('ix_hex_cell_geom_3857', table_name='hex_cell', schema='geo', postgresql_using='gist', column_name='geom_3857')
    op.drop_geospatial_index('ix_hex_cell_geom', table_name='hex_cell', schema='geo', postgresql_using='gist', column_name='geom')
    op.drop_geospatial_table('hex_cell', schema='geo')
    op.drop_table('dataset', schema='geo')
    op.drop_table('data_version', schema='geo')
    op.drop_index('uq_area_event', table_name='area_event', schema='geo', postgresql_nulls_not_distinct=True)
    op.drop_table('area_event', schema='geo')
