/*---
id: status_unknown_share
version: 1.1.1
title: {en: Share of time with unknown status}
unit: "1"
shown_as: percent
definition: >-
  Unknown minutes / all observed minutes of the recharging points that have at least two status observations: the
  publisher said unknown, or the next observation came later than the cap. It says how much of the time availability and
  utilisation are silent about.
reference: "Dynamic data are due within one minute of a change: Implementing Regulation (EU) 2025/655."
inputs: [core.published_recharging_point, core.status_observation]
coverage: "share of the side's recharging points that have at least two status observations"
floor: {coverage: 0.1, n: 5}
better: lower
contrast: difference
sentence:
  en:
    value: "The status of recharging points of {place} was unknown for {value} of the time between their first and last observation."
    contrast: "The status of recharging points was unknown for {high_value} of the time on {high}, for {low_value} on {low}."
    even: "The status of recharging points was unknown for about {high_value} of the time on {high} and on {low}."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
SELECT * REPLACE (CASE WHEN coalesce(known_min + unknown_min, 0) > 0 THEN 'used' ELSE 'missing' END AS role,
                  CASE WHEN coalesce(known_min + unknown_min, 0) > 0 THEN NULL ELSE coalesce(why, 'the last observation of the point') END AS why)
FROM side_status;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       sum(unknown_min) FILTER (WHERE role = 'used') / nullif(sum(known_min + unknown_min) FILTER (WHERE role = 'used'), 0) AS value,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') AS n,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') / nullif(count(DISTINCT row_id), 0) AS coverage,
       CASE WHEN count(*) FILTER (WHERE role = 'used') = 0 THEN 'no point has two status observations' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
