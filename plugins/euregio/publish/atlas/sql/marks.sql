-- Recharging points as marks of the map: points of one side and power class that would lie on one another are one mark
-- at their mean place. The stronger, the larger the mark and its cell: 9, 6 and 3 pixels of a map as most screens show
-- it, with units_per_px units of the frame each.
-- Power classes: 50 kW is the least power of a fast DC point in AFIR's Annex III, 150 kW that of Article 3(4).
WITH place AS (
    SELECT member.side_id, power_kw,
           ST_Transform(ST_Point(longitude_deg, latitude_deg), 'EPSG:4326', 'EPSG:3857', always_xy := true) AS place
    FROM core.published_recharging_point AS point
    JOIN declared_member AS member ON member.nuts_code = point.nuts3_code AND member.is_member
    WHERE coalesce(access_type, '') <> 'private' AND coalesce(lifecycle_status, '') NOT IN ('planned', 'removed')
      AND latitude_deg BETWEEN -84 AND 84
),
framed AS (
    SELECT side_id, (ST_X(place) - getvariable('frame_x0_m')) * getvariable('units_per_m') AS x,
           (getvariable('frame_y1_m') - ST_Y(place)) * getvariable('units_per_m') AS y,
           CASE WHEN power_kw IS NULL THEN 'unknown' WHEN power_kw >= 150 THEN 'strong' WHEN power_kw >= 50 THEN 'fast' ELSE 'slow' END AS class,
           getvariable('units_per_px') * CASE WHEN power_kw >= 150 THEN 9 WHEN power_kw >= 50 THEN 6 ELSE 3 END AS cell
    FROM place
)
SELECT side_id, class, round(avg(x))::INTEGER AS x, round(avg(y))::INTEGER AS y, count(*) AS points_count
FROM framed GROUP BY side_id, class, floor(x / cell), floor(y / cell) ORDER BY side_id, class, y, x;
