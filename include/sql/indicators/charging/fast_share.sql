/*---
id: fast_share
version: 1.0.0
title: {en: Share of fast recharging points}
unit: "1"
shown_as: percent
definition: >-
  Share of the recharging points (not private, planned or removed) whose greatest power reaches the threshold. Points
  without a known power are left out and counted in the coverage.
reference: "150 kW: Regulation (EU) 2023/1804 (AFIR), Article 3(4). 50 kW: least power of a fast DC point in AFIR's categories, Annex III."
inputs: [core.published_recharging_point]
coverage: "share of the points that have a known power"
floor: {coverage: 0.8, n: 5}
better: higher
contrast: ratio
dimensions:
  "from 50 kW": {en: "50 kW or more"}
  "from 150 kW": {en: "150 kW or more"}
sentence:
  en:
    value: "{value} of the recharging points of {place} give {dimension}."
    contrast: "A recharging point gives {dimension} {times} times as often on {high} as on {low} ({high_value} against {low_value})."
    even: "As many recharging points give {dimension} on {high} as on {low} (about {high_value})."
---*/
SET VARIABLE fast_thresholds_kw = [50, 150]; -- kW. AFIR Annex III (fast) and Article 3(4) (the least of a corridor's strong point)

CREATE OR REPLACE TEMP VIEW rows_behind AS
SELECT * REPLACE (CASE WHEN role = 'used' AND power_kw IS NULL THEN 'missing' ELSE role END AS role,
                  CASE WHEN role = 'used' AND power_kw IS NULL THEN 'no power' ELSE why END AS why)
FROM side_point;

WITH threshold AS (SELECT unnest(getvariable('fast_thresholds_kw')) AS threshold_kw)
SELECT region_id, coalesce(side_id, 'whole') AS side_id, 'from ' || threshold_kw || ' kW' AS dimension,
       count(*) FILTER (WHERE role = 'used' AND power_kw >= threshold_kw) / nullif(count(*) FILTER (WHERE role = 'used'), 0) AS value,
       count(*) FILTER (WHERE role = 'used') AS n,
       count(*) FILTER (WHERE role = 'used') / nullif(count(*) FILTER (WHERE role <> 'excluded'), 0) AS coverage
FROM rows_behind CROSS JOIN threshold
GROUP BY GROUPING SETS ((region_id, side_id, threshold_kw), (region_id, threshold_kw));
