/*---
id: point_density
version: 1.0.0
title: {en: Recharging points per 100 km²}
unit: points/100 km²
definition: >-
  Recharging points that are not private, planned or removed, on the land of the side, per 100 km². The area is that of
  the NUTS 3 polygons. A point that several publishers describe counts once.
reference: "Recharging point: Regulation (EU) 2023/1804 (AFIR), Article 2. Area: GISCO NUTS regions."
inputs: [core.published_recharging_point, core.current_nuts_region]
coverage: "share of the country's published points that have a NUTS 3 region (one without could lie on the side)"
floor: {coverage: 0.9, n: 1}
better: higher
contrast: ratio
sentence:
  en:
    value: "{place} has {value} recharging points per 100 km²."
    contrast: "Per square kilometre, {high} has {times} times as many recharging points as {low} ({high_value} against {low_value} per 100 km²)."
    even: "{high} and {low} have as many recharging points per square kilometre (about {high_value} per 100 km²)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_point UNION ALL BY NAME FROM side_area UNION ALL BY NAME FROM side_placement;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       100 * count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') / sum(area_km2) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS n,
       sum(country_placed_count) / nullif(sum(country_points_count), 0) AS coverage
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
