-- Where each row lies: its NUTS-3 region by geometry, and whether that agrees with the country it declares.
-- Over `mended` (harmonised rows after corrections) and `region_grid` (cells of 0.05 degrees: the region that holds a
-- cell wholly, or the parts of regions in and around it; empty where no regions are at hand).
-- A place within 0.03 degrees (2.1 to 3.3 km in Europe) of the declared country counts as in it: boundaries are
-- generalised (at 1:20 million Brusio lies 0.026 degrees outside Switzerland). Swapped coordinates are mended where the swapped place is in the declared country and the given is not.
WITH located AS (
    SELECT mended.*,
           grid.parts,
           CASE WHEN grid.code IS NOT NULL THEN {'code': grid.code, 'country': grid.country}
                ELSE list_transform(list_filter(grid.parts, lambda part: ST_Intersects(part.shape, ST_Point(longitude_deg, latitude_deg))),
                                    lambda part: {'code': part.code, 'country': part.country})[1] END AS hit
    FROM mended
    LEFT JOIN region_grid AS grid
           ON grid.cell = TRY_CAST(floor(longitude_deg * 20) AS INTEGER) * CAST(100000 AS BIGINT) + TRY_CAST(floor(latitude_deg * 20) AS INTEGER)   -- TRY_CAST: a number far beyond the earth lies in no cell
),
compared AS (
    SELECT located.* EXCLUDE (parts),
           -- the nearest part of the declared country, where the place itself is not in it
           CASE WHEN hit IS NULL OR hit.country <> country_code
                THEN list_min(list_filter(list_transform(
                         list_filter(parts, lambda part: part.country = coalesce(country_code, part.country)),
                         lambda part: {'away_deg': ST_Distance(part.shape, ST_Point(longitude_deg, latitude_deg)), 'code': part.code, 'country': part.country}),
                         lambda near: near.away_deg <= 0.03)) END AS near,
           CASE WHEN (hit IS NULL OR hit.country <> country_code)
                THEN coalesce(len(list_filter(getvariable('country_boxes')[country_code], lambda box:
                         latitude_deg BETWEEN box.south AND box.north AND longitude_deg BETWEEN box.west AND box.east)) > 0, true)
                ELSE true END AS in_box,
           CASE WHEN (hit IS NULL OR hit.country <> country_code) AND latitude_deg <> longitude_deg
                THEN coalesce(len(list_filter(getvariable('country_boxes')[country_code], lambda box:
                         longitude_deg BETWEEN box.south AND box.north AND latitude_deg BETWEEN box.west AND box.east)) > 0, false)
                ELSE false END AS swapped_in_box
    FROM located
),
disputed AS (
    SELECT compared.*,
           CASE WHEN near IS NOT NULL THEN false
                WHEN hit IS NOT NULL THEN coalesce(hit.country <> country_code, false)
                ELSE NOT in_box END AS disagrees
    FROM compared
),
swapped AS (
    SELECT disputed.*,
           CASE WHEN disagrees AND swapped_in_box THEN
                CASE WHEN NOT coalesce(list_contains(getvariable('grid_countries'), country_code), false)
                          THEN {'away_deg': CAST(0 AS DOUBLE), 'code': CAST(NULL AS VARCHAR)}
                     WHEN turned.code IS NOT NULL AND turned.country = country_code THEN {'away_deg': CAST(0 AS DOUBLE), 'code': turned.code}
                     -- the nearest of its country: that is the one which holds it, where one does
                     ELSE list_min(list_filter(list_transform(
                              list_filter(turned.parts, lambda part: part.country = country_code),
                              lambda part: {'away_deg': ST_Distance(part.shape, ST_Point(latitude_deg, longitude_deg)), 'code': part.code}),
                              lambda found: found.away_deg <= 0.03)) END END AS turned_hit
    FROM disputed
    LEFT JOIN region_grid AS turned
           ON turned.cell = CASE WHEN disagrees AND swapped_in_box
                                 THEN TRY_CAST(floor(latitude_deg * 20) AS INTEGER) * CAST(100000 AS BIGINT) + TRY_CAST(floor(longitude_deg * 20) AS INTEGER) END
)
SELECT * EXCLUDE (hit, near, in_box, swapped_in_box, disagrees, turned_hit)
       REPLACE (coalesce(country_code, hit.country) AS country_code,
                CASE WHEN turned_hit IS NOT NULL THEN longitude_deg ELSE latitude_deg END AS latitude_deg,
                CASE WHEN turned_hit IS NOT NULL THEN latitude_deg ELSE longitude_deg END AS longitude_deg,
                CASE WHEN turned_hit IS NULL THEN _fixes ELSE list_append(_fixes, {
                    'field': 'latitude_deg, longitude_deg',
                    'was': CAST(latitude_deg AS VARCHAR) || ', ' || CAST(longitude_deg AS VARCHAR),
                    'now': CAST(longitude_deg AS VARCHAR) || ', ' || CAST(latitude_deg AS VARCHAR),
                    'why': 'latitude and longitude are swapped: turned round they lie in the declared country'}) END AS _fixes,
                CASE WHEN disagrees AND turned_hit IS NULL AND latitude_deg <> longitude_deg
                     THEN list_append(_problems, 'country_disagrees_with_place')
                     -- no vehicle takes more than 43 kW of alternating current; beyond 100 kW a unit or a digit is wrong
                     WHEN current_type = 'AC' AND power_kw > 100 THEN list_append(_problems, 'power_implausible_for_ac')
                     ELSE _problems END AS _problems),
       CASE WHEN turned_hit IS NOT NULL THEN turned_hit.code
            WHEN near IS NOT NULL THEN near.code
            WHEN NOT disagrees THEN hit.code END AS nuts3_code,
       CASE WHEN latitude_deg IS NULL OR longitude_deg IS NULL THEN NULL
            WHEN turned_hit.away_deg > 0 THEN 'nearest'
            WHEN coalesce(turned_hit.code, CASE WHEN near IS NULL AND NOT disagrees THEN hit.code END) IS NOT NULL THEN 'inside'
            WHEN near IS NOT NULL THEN 'nearest'
            WHEN coalesce(list_contains(getvariable('grid_countries'), country_code), false) THEN 'outside'
            ELSE 'unchecked' END AS place_method
FROM swapped
