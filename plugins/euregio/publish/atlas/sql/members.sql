-- NUTS 3 regions of the layer in Mercator metres (EPSG:3857), each with the region's side that it belongs to, if any:
-- wholly (is_member) or in part. Parameter: the TEMP table declared_member (side_id, nuts_code, is_member).
CREATE OR REPLACE TEMP TABLE map_polygon AS
WITH latest AS (
    SELECT nuts_code, country_code, region_name, area_km2, CAST(geometry AS GEOMETRY) AS geometry
    FROM core.current_nuts_region WHERE nuts_level = 3
    QUALIFY row_number() OVER (PARTITION BY nuts_code ORDER BY _period DESC, _dataset) = 1
)
SELECT nuts_code, latest.country_code, region_name, area_km2, side_id, coalesce(is_member, false) AS is_member,
       -- Mercator has no poles: what lies beyond 85 degrees is no part of any map here.
       ST_Transform(ST_Intersection(ST_MakeValid(geometry), ST_MakeEnvelope(-179.9, -84.9, 179.9, 84.9)), 'EPSG:4326', 'EPSG:3857', always_xy := true) AS geometry
FROM latest LEFT JOIN declared_member USING (nuts_code);
