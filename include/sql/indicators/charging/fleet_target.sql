/*---
id: fleet_target
version: 1.0.0
title: {en: Fleet-based target for public charging power}
unit: kW
definition: >-
  1.3 kW for each registered battery-electric and 0.8 kW for each plug-in hybrid vehicle of the categories M1 and N1, in
  the latest year that covers the whole side. The law sets the target for a member state; for a border region it is a yardstick. A
  number of a larger region is used only where all of it belongs to the side.
reference: "Regulation (EU) 2023/1804 (AFIR), Article 3(1), yearly from the end of 2024."
inputs: [core.current_vehicle_registration, core.current_nuts_region]
coverage: "1 where every part of the side has all four numbers (M1 and N1, BEV and PHEV); otherwise the value is withheld"
floor: {coverage: 1, n: 4}
better: none
contrast: ratio
sentence:
  en:
    value: "The vehicles registered on {place} call for {value} kW of public charging power."
    contrast: "The vehicles registered on {high} call for {times} times as much public charging power as those on {low} ({high_value} against {low_value} kW)."
    even: "The vehicles registered on {high} and on {low} call for as much public charging power (about {high_value} kW)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_fleet;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension, sum(target_kw) AS value, count(*) AS n, 1.0 AS coverage
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
