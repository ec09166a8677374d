/*---
id: power_per_inhabitants
version: 1.0.0
title: {en: "Public charging power per 1 000 inhabitants"}
unit: kW/1000 inhabitants
definition: >-
  Greatest simultaneous power of all stations with points that are not private, planned or removed, per 1 000
  inhabitants of the side in the latest year that every NUTS 3 region of the side has a number for. Power of a station
  as in power_density.
reference: "Power output of a station: Regulation (EU) 2023/1804 (AFIR), Article 3(1). Inhabitants on 1 January: Eurostat demo_r_pjanaggr3."
inputs: [core.published_recharging_point, core.published_recharging_station, core.current_population]
coverage: "share of the points whose own power or whose station's power is known"
floor: {coverage: 0.8, n: 1}
better: higher
contrast: ratio
sentence:
  en:
    value: "{place} has {value} kW of public charging power per 1,000 inhabitants."
    contrast: "Per inhabitant, {high} has {times} times as much public charging power as {low} ({high_value} against {low_value} kW per 1,000)."
    even: "{high} and {low} have as much public charging power per inhabitant (about {high_value} kW per 1,000)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_station UNION ALL BY NAME FROM side_population;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       1000 * sum(power_kw) FILTER (WHERE role = 'used') / nullif(sum(inhabitants_count), 0) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_station' AND role = 'used') AS n,
       sum(points_covered_count) / nullif(sum(points_count), 0) AS coverage,
       CASE WHEN sum(inhabitants_count) IS NULL THEN 'no year in which every NUTS 3 region of the side has a population' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
