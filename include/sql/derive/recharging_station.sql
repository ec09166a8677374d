-- Stations from the released points of one dataset and period (view `released`).
SELECT station_id,
       any_value(site_id) AS site_id,
       any_value(station_name) AS station_name,
       any_value(operator_name) AS operator_name,
       any_value(operator_id) AS operator_id,
       any_value(country_code) AS country_code,
       avg(latitude_deg) AS latitude_deg,
       avg(longitude_deg) AS longitude_deg,
       any_value(nuts3_code) AS nuts3_code,
       CAST(count(*) AS INTEGER) AS point_count,
       coalesce(max(station_power_kw), sum(power_kw)) AS power_kw,
       CASE WHEN max(station_power_kw) IS NOT NULL THEN 'declared' WHEN sum(power_kw) IS NOT NULL THEN 'summed' END AS power_method,
       min(_raw) AS _raw
FROM released GROUP BY station_id
