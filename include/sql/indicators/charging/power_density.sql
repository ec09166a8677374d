/*---
id: power_density
version: 1.0.0
title: {en: Public charging power per 100 km²}
unit: kW/100 km²
definition: >-
  Greatest simultaneous power of all stations with points that are not private, planned or removed, per 100 km². The
  power of a station is the one its publisher declares for the station, else the sum over its counted points, which
  counts power twice where points share it.
reference: "Power output of a station: Regulation (EU) 2023/1804 (AFIR), Article 3(1). Area: GISCO NUTS regions."
inputs: [core.published_recharging_point, core.published_recharging_station, core.current_nuts_region]
coverage: "share of the points whose own power or whose station's power is known"
floor: {coverage: 0.8, n: 1}
better: higher
contrast: ratio
sentence:
  en:
    value: "{place} has {value} kW of public charging power per 100 km²."
    contrast: "Per square kilometre, {high} has {times} times as much public charging power as {low} ({high_value} against {low_value} kW per 100 km²)."
    even: "{high} and {low} have as much public charging power per square kilometre (about {high_value} kW per 100 km²)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_station UNION ALL BY NAME FROM side_area;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       100 * sum(power_kw) FILTER (WHERE role = 'used') / sum(area_km2) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_station' AND role = 'used') AS n,
       sum(points_covered_count) / nullif(sum(points_count), 0) AS coverage
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
