-- GISCO NUTS regions to the table of regions: one row per record.
-- Coordinates. GISCO's 4326 files name EPSG:4326 and yet write longitude first, as every GeoJSON does; so 4326, CRS84,
-- 4258 and files that name no system are taken as they are. Any other EPSG code (3035, 3857) is reprojected to WGS 84.
-- Area: on the WGS 84 ellipsoid. ST_Area_Spheroid wants latitude before longitude, so the polygon is turned for it.
-- Level: where the file does not say, the code's length does (two letters for the country, then one for each level).
WITH read AS (
    SELECT _file, _record, clean(NUTS_ID) AS nuts_code,
           coalesce(TRY_CAST(clean(LEVL_CODE) AS INTEGER), length(clean(NUTS_ID)) - 2) AS nuts_level,
           coalesce(country_of(CNTR_CODE), country_of(left(clean(NUTS_ID), 2))) AS country_code,
           coalesce(clean(NAME_LATN), clean(NUTS_NAME)) AS region_name,
           clean(CNTR_CODE) AS country_word, geometry AS geometry_text,
           CASE WHEN crs IS NULL OR contains(upper(crs), 'CRS84') THEN '4326' ELSE regexp_extract(crs, '([0-9]{4,6})$') END AS epsg
    FROM decoded
),
shaped AS (
    SELECT *, CASE WHEN epsg IN ('4326', '4258') THEN TRY(ST_GeomFromGeoJSON(geometry_text))
                   ELSE TRY(ST_Transform(ST_GeomFromGeoJSON(geometry_text), 'EPSG:' || epsg, 'EPSG:4326', true)) END AS shape
    FROM read
),
judged AS (
    SELECT *, coalesce(ST_GeometryType(shape) IN ('POLYGON', 'MULTIPOLYGON') AND NOT ST_IsEmpty(shape), false) AS is_polygon,
           coalesce(ST_XMin(shape) >= -180 AND ST_XMax(shape) <= 180 AND ST_YMin(shape) >= -90 AND ST_YMax(shape) <= 90, false) AS is_in_degrees
    FROM shaped
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       nuts_code,
       nuts_level,
       country_code,
       region_name,
       CASE WHEN is_polygon AND is_in_degrees THEN ST_Area_Spheroid(ST_FlipCoordinates(shape)) / 1e6 END AS area_km2,
       CASE WHEN is_polygon AND is_in_degrees THEN shape END AS geometry,
       list_filter([
           CASE WHEN country_code IS NULL AND country_word IS NOT NULL THEN 'unmapped_country' END,
           CASE WHEN nuts_code IS NOT NULL AND nuts_level IS DISTINCT FROM length(nuts_code) - 2 THEN 'level_disagrees_with_code' END,
           CASE WHEN geometry_text IS NOT NULL AND shape IS NULL THEN 'unreadable_geometry' END,
           CASE WHEN shape IS NOT NULL AND NOT is_polygon THEN 'geometry_is_no_polygon' END,
           CASE WHEN is_polygon AND NOT is_in_degrees THEN 'coordinates_beyond_degrees' END,
           CASE WHEN is_polygon AND NOT ST_IsValid(shape) THEN 'polygon_crosses_itself' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM judged
