-- Per NUTS 3 region of the map's sides: counted recharging points (not private, planned or removed), by power, and
-- inhabitants of the latest year. A region without a point has a row with zeros; that nothing is known of a side at
-- all is told by its indicators, not here.
WITH point AS (
    SELECT nuts3_code, power_kw FROM core.published_recharging_point
    WHERE coalesce(access_type, '') <> 'private' AND coalesce(lifecycle_status, '') NOT IN ('planned', 'removed')
),
counted AS (
    SELECT nuts3_code, count(*) AS points_count, count(power_kw) AS with_power_count,
           count(*) FILTER (WHERE power_kw >= 50) AS fast_count, count(*) FILTER (WHERE power_kw >= 150) AS strong_count
    FROM point GROUP BY ALL
),
inhabitant AS (
    SELECT nuts_code, inhabitants_count FROM core.current_population WHERE inhabitants_count > 0
    QUALIFY row_number() OVER (PARTITION BY nuts_code ORDER BY reference_year DESC, _period DESC, _dataset) = 1
)
SELECT member.nuts_code, polygon.area_km2, inhabitants_count, coalesce(points_count, 0) AS points_count,
       coalesce(with_power_count, 0) AS with_power_count, coalesce(fast_count, 0) AS fast_count, coalesce(strong_count, 0) AS strong_count
FROM declared_member AS member
LEFT JOIN map_polygon AS polygon USING (nuts_code)
LEFT JOIN counted ON counted.nuts3_code = member.nuts_code
LEFT JOIN inhabitant USING (nuts_code)
ORDER BY member.nuts_code;
