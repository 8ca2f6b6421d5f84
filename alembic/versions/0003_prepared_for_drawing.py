"""What is prepared for drawing: texts, shapes of features, counts of points, tiles.

Everything here is made from other tables; ``geo-service refresh`` fills it.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def shape(kind: str) -> Geometry:
    return Geometry(geometry_type=kind, srid=3857, dimension=2, spatial_index=False,
                    from_text='ST_GeomFromEWKT', name='geometry', nullable=False)


def index(name: str, table: str, columns: list[str]) -> None:
    op.create_index(name, table, columns, unique=False, schema='geo', postgresql_using='gist')


def upgrade() -> None:
    # One index that knows level and band reads a tile's shapes alone, not those of every band.
    op.add_column('area_shape', sa.Column('level', sa.Text(), nullable=True), schema='geo')
    op.execute("UPDATE geo.area_shape s SET level = a.level FROM geo.area a WHERE a.id = s.area_id")
    op.alter_column('area_shape', 'level', nullable=False, schema='geo')
    op.drop_index('ix_area_shape_geom', 'area_shape', schema='geo')
    index('ix_area_shape_geom', 'area_shape', ['level', 'band', 'geom'])
    op.drop_index('ix_org_shape_geom', 'org_shape', schema='geo')
    index('ix_org_shape_geom', 'org_shape', ['band', 'geom'])

    op.create_table('place_text',
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('place_id', sa.BigInteger(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('geometry', sa.Text(), nullable=True),
    sa.Column('properties', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('area', 'org', 'feature')", name=op.f('ck_place_text_kind')),
    sa.PrimaryKeyConstraint('kind', 'place_id', name=op.f('pk_place_text')),
    schema='geo'
    )
    # Read far more often than written, and sent compressed anyway: kept plain.
    op.execute("ALTER TABLE geo.place_text ALTER geometry SET STORAGE EXTERNAL")
    op.create_table('feature_shape',
    sa.Column('feature_id', sa.BigInteger(), nullable=False),
    sa.Column('band', sa.SmallInteger(), nullable=False),
    sa.Column('layer_id', sa.Text(), nullable=False),
    sa.Column('geom', shape('GEOMETRY'), nullable=False),
    sa.ForeignKeyConstraint(['feature_id'], ['geo.feature.id'], name=op.f('fk_feature_shape_feature_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('feature_id', 'band', name=op.f('pk_feature_shape')),
    schema='geo'
    )
    index('ix_feature_shape_geom', 'feature_shape', ['layer_id', 'band', 'geom'])
    op.create_table('point_cell',
    sa.Column('layer_id', sa.Text(), nullable=False),
    sa.Column('resolution', sa.SmallInteger(), nullable=False),
    sa.Column('cell', sa.BigInteger(), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.Column('geom', shape('POLYGON'), nullable=False),
    sa.ForeignKeyConstraint(['layer_id'], ['geo.feature_layer.id'], name=op.f('fk_point_cell_layer_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('layer_id', 'resolution', 'cell', name=op.f('pk_point_cell')),
    schema='geo'
    )
    index('ix_point_cell_geom', 'point_cell', ['layer_id', 'resolution', 'geom'])
    op.create_table('drawing',
    sa.Column('collection_id', sa.Text(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('has_shapes', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('deepest_zoom', sa.SmallInteger(), nullable=True),
    sa.Column('points_from', sa.SmallInteger(), server_default='0', nullable=False),
    sa.Column('good_until', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('collection_id', name=op.f('pk_drawing')),
    schema='geo'
    )
    op.create_table('prepared_tile',
    sa.Column('collection_id', sa.Text(), nullable=False),
    sa.Column('zoom', sa.SmallInteger(), nullable=False),
    sa.Column('x', sa.BigInteger(), nullable=False),
    sa.Column('y', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['collection_id'], ['geo.drawing.collection_id'], name=op.f('fk_prepared_tile_collection_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('collection_id', 'zoom', 'x', 'y', name=op.f('pk_prepared_tile')),
    schema='geo'
    )
    op.execute("ALTER TABLE geo.prepared_tile ALTER body SET STORAGE EXTERNAL")


def downgrade() -> None:
    for table in ('prepared_tile', 'drawing', 'point_cell', 'feature_shape', 'place_text'):
        op.drop_table(table, schema='geo')
    op.drop_index('ix_org_shape_geom', 'org_shape', schema='geo')
    index('ix_org_shape_geom', 'org_shape', ['geom'])
    op.drop_index('ix_area_shape_geom', 'area_shape', schema='geo')
    op.drop_column('area_shape', 'level', schema='geo')
    index('ix_area_shape_geom', 'area_shape', ['geom'])
