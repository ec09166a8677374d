/*---
id: points_per_inhabitants
version: 1.0.0
title: {en: Recharging points per 1 000 inhabitants}
unit: points/1000 inhabitants
definition: >-
  Recharging points that are not private, planned or removed, per 1 000 inhabitants of the side in the latest year that
  every NUTS 3 region of the side has a number for.
reference: "Recharging point: Regulation (EU) 2023/1804 (AFIR), Article 2. Inhabitants on 1 January: Eurostat demo_r_pjanaggr3."
inputs: [core.published_recharging_point, core.current_population]
coverage: "share of the country's published points that have a NUTS 3 region (one without could lie on the side)"
floor: {coverage: 0.9, n: 1}
better: higher
contrast: ratio
sentence:
  en:
    value: "{place} has {value} recharging points per 1,000 inhabitants."
    contrast: "Per inhabitant, {high} has {times} times as many recharging points as {low} ({high_value} against {low_value} per 1,000)."
    even: "{high} and {low} have as many recharging points per inhabitant (about {high_value} per 1,000)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_point UNION ALL BY NAME FROM side_population UNION ALL BY NAME FROM side_placement;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       1000 * count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') / nullif(sum(inhabitants_count), 0) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS n,
       sum(country_placed_count) / nullif(sum(country_points_count), 0) AS coverage,
       CASE WHEN sum(inhabitants_count) IS NULL THEN 'no year in which every NUTS 3 region of the side has a population' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
