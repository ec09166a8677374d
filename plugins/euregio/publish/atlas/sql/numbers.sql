-- Per NUTS 3 region of the map's sides: counted recharging points (not private, planned or removed), by power, the power
-- of their stations (as the indicator power_density counts it), and inhabitants of the latest year. A region without a point has a row with zeros; that nothing is known of a side at
-- all is told by its indicators, not here.
WITH point AS (
    SELECT nuts3_code, power_kw, _dataset, _period, station_id FROM core.published_recharging_point
    WHERE coalesce(access_type, '') <> 'private' AND coalesce(lifecycle_status, '') NOT IN ('planned', 'removed')
),
counted AS (
    SELECT nuts3_code, count(*) AS points_count, count(power_kw) AS with_power_count,
           count(*) FILTER (WHERE power_kw >= 50) AS fast_count, count(*) FILTER (WHERE power_kw >= 150) AS strong_count
    FROM point GROUP BY ALL
),
declared AS (
    SELECT _dataset, _period, station_id, max(power_kw) AS declared_power_kw
    FROM core.published_recharging_station WHERE power_method = 'declared' AND power_kw > 0 GROUP BY ALL
),
station AS (
    SELECT any_value(nuts3_code) AS nuts3_code, coalesce(any_value(declared_power_kw), sum(power_kw)) AS power_kw,
           CASE WHEN any_value(declared_power_kw) IS NULL THEN count(power_kw) ELSE count(*) END AS covered_count
    FROM point LEFT JOIN declared USING (_dataset, _period, station_id) GROUP BY _dataset, _period, station_id
),
powered AS (
    SELECT nuts3_code, sum(power_kw) AS power_kw, sum(covered_count) AS covered_count FROM station GROUP BY ALL
),
inhabitant AS (
    SELECT nuts_code, inhabitants_count FROM core.current_population WHERE inhabitants_count > 0
    QUALIFY row_number() OVER (PARTITION BY nuts_code ORDER BY reference_year DESC, _period DESC, _dataset) = 1
)
SELECT member.nuts_code, polygon.area_km2, inhabitants_count, coalesce(points_count, 0) AS points_count,
       coalesce(with_power_count, 0) AS with_power_count, coalesce(fast_count, 0) AS fast_count, coalesce(strong_count, 0) AS strong_count,
       coalesce(powered.power_kw, 0) AS power_kw, coalesce(covered_count, 0) AS covered_count
FROM declared_member AS member
LEFT JOIN map_polygon AS polygon USING (nuts_code)
LEFT JOIN counted ON counted.nuts3_code = member.nuts_code
LEFT JOIN powered ON powered.nuts3_code = member.nuts_code
LEFT JOIN inhabitant USING (nuts_code)
ORDER BY member.nuts_code;
