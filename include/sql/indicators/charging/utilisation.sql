/*---
id: utilisation
version: 1.0.1
title: {en: Utilisation of recharging points}
unit: "1"
shown_as: percent
definition: >-
  Occupied minutes / minutes in service (available, occupied or reserved), over the recharging points of the side (not
  private, planned or removed). Minutes as in availability. Occupied says that a vehicle is connected, which is not
  always charging.
reference: "Occupied point-minutes over operational point-minutes: a common definition; no EU act sets a number."
inputs: [core.published_recharging_point, core.status_observation]
coverage: "share of the side's recharging points that have known minutes"
floor: {coverage: 0.1, n: 5}
better: none
contrast: difference
sentence:
  en:
    value: "Recharging points of {place} were occupied for {value} of the time in service."
    contrast: "Recharging points of {high} were occupied for {high_value} of the time in service, those of {low} for {low_value}."
    even: "Recharging points of {high} and {low} were occupied for about {high_value} of the time in service."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_status;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       sum(occupied_min) FILTER (WHERE role = 'used')
           / nullif(sum(available_min + occupied_min + reserved_min) FILTER (WHERE role = 'used'), 0) AS value,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') AS n,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') / nullif(count(DISTINCT row_id), 0) AS coverage,
       CASE WHEN count(*) FILTER (WHERE role = 'used') = 0 THEN 'no point has two status observations with a known status between them'
            WHEN sum(available_min + occupied_min + reserved_min) FILTER (WHERE role = 'used') = 0 THEN 'no minute in service was observed' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
