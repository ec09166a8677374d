/*---
id: fleet_target_attainment
version: 1.0.0
title: {en: Attainment of the fleet-based target}
unit: "1"
definition: >-
  Public charging power (as in power_density: once per station) divided by the fleet-based target (as in fleet_target).
  1 means attained. Where a station's power is summed over its points, shared power counts more than once and the value is too high.
reference: "Regulation (EU) 2023/1804 (AFIR), Article 3(1); EAFO warns of double counting on stations with several points."
inputs: [core.published_recharging_point, core.published_recharging_station, core.current_vehicle_registration, core.current_nuts_region]
coverage: "share of the points whose own power or whose station's power is known"
floor: {coverage: 0.8, n: 1}
better: higher
contrast: ratio
sentence:
  en:
    value: "Public charging power on {place} is {value} times what its fleet calls for under AFIR."
    contrast: "Measured by its fleet, {high} has {times} times as much public charging power as {low} ({high_value} against {low_value} times the target)."
    even: "Measured by their fleets, {high} and {low} have as much public charging power (about {high_value} times the target)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_station UNION ALL BY NAME FROM side_fleet;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       sum(power_kw) FILTER (WHERE role = 'used') / nullif(sum(target_kw), 0) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_station' AND role = 'used') AS n,
       sum(points_covered_count) / nullif(sum(points_count), 0) AS coverage,
       CASE WHEN sum(target_kw) IS NULL THEN 'no year in which registrations (M1 and N1, BEV and PHEV) cover the whole side'
            WHEN sum(target_kw) = 0 THEN 'no vehicle is registered: the target is zero' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
