-- The shapes of one region's map in the units of its frame, simplified together so that neighbours still meet.
-- Variables: frame_x0_m, frame_y0_m, frame_x1_m, frame_y1_m (Mercator metres), simplify_m, gap_m.
CREATE OR REPLACE TEMP TABLE map_frame AS
SELECT ST_MakeEnvelope(getvariable('frame_x0_m'), getvariable('frame_y0_m'), getvariable('frame_x1_m'), getvariable('frame_y1_m')) AS geometry;

CREATE OR REPLACE TEMP TABLE map_shape AS
WITH seen AS (
    SELECT polygon.* FROM map_polygon AS polygon JOIN map_frame ON ST_Intersects(polygon.geometry, map_frame.geometry)
),
together AS (
    SELECT list(nuts_code ORDER BY nuts_code) AS codes,
           ST_Dump(ST_CoverageSimplify(list(geometry ORDER BY nuts_code), getvariable('simplify_m'))) AS parts
    FROM seen
),
part AS (
    SELECT unnest(parts) AS piece, codes FROM together
),
simplified AS (
    SELECT codes[piece.path[1]] AS nuts_code, ST_Union_Agg(ST_MakeValid(piece.geom)) AS geometry FROM part GROUP BY ALL
)
SELECT seen.* EXCLUDE (geometry),
       -- A small region that simplifying would erase stays as it is.
       CASE WHEN simplified.geometry IS NULL OR ST_IsEmpty(simplified.geometry) THEN seen.geometry ELSE simplified.geometry END AS geometry
FROM seen LEFT JOIN simplified USING (nuts_code);

-- A side and a country is the union of its regions.
CREATE OR REPLACE TEMP TABLE map_side AS
SELECT side_id, ST_Union_Agg(geometry) AS geometry FROM map_shape WHERE is_member GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE map_country AS
SELECT country_code, ST_Union_Agg(geometry) AS geometry FROM map_shape GROUP BY ALL;

-- The border between two sides: the edges that they share, or, where their polygons do not meet exactly, the stretch of
-- the one that lies within gap_m of the other.
CREATE OR REPLACE TEMP TABLE map_border AS
WITH pair AS (
    SELECT own.side_id, other.side_id AS facing, ST_Boundary(own.geometry) AS own_edge, ST_Boundary(other.geometry) AS other_edge, other.geometry AS other_geometry
    FROM map_side AS own JOIN map_side AS other ON own.side_id < other.side_id AND ST_DWithin(own.geometry, other.geometry, getvariable('gap_m'))
),
edge AS (
    SELECT side_id, facing, ST_CollectionExtract(ST_Intersection(own_edge, other_edge), 2) AS shared,
           ST_CollectionExtract(ST_Intersection(own_edge, ST_Buffer(other_geometry, getvariable('gap_m'))), 2) AS near
    FROM pair
)
SELECT side_id, facing, CASE WHEN ST_Length(shared) > 0.7 * ST_Length(near) THEN ST_LineMerge(shared) ELSE near END AS geometry FROM edge;
