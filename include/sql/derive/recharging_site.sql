-- Sites from the released points of one dataset and period (view `released`), where the format names sites.
SELECT site_id,
       any_value(site_name) AS site_name,
       any_value(operator_name) AS operator_name,
       any_value(country_code) AS country_code,
       avg(latitude_deg) AS latitude_deg,
       avg(longitude_deg) AS longitude_deg,
       any_value(nuts3_code) AS nuts3_code,
       CAST(count(DISTINCT station_id) AS INTEGER) AS station_count,
       CAST(count(*) AS INTEGER) AS point_count,
       min(_raw) AS _raw
FROM released WHERE site_id IS NOT NULL GROUP BY site_id
