/*---
id: status_snapshot_share
version: 1.0.1
title: {en: Status of recharging points at the latest snapshot}
unit: "1"
shown_as: percent
definition: >-
  Share of the recharging points (not private, planned or removed) in each status, among those observed within 24 hours
  before the latest observation of their dataset. A snapshot, not an availability over time: it depends on the hour.
reference: "Status words: DATEX II v3 RefillPointStatusEnum, grouped in include/codes/status.csv."
inputs: [core.published_recharging_point, core.status_observation]
coverage: "share of the side's recharging points that have such an observation"
floor: {coverage: 0.1, n: 5}
better: none
contrast: difference
dimensions:
  available: {en: available}
  occupied: {en: occupied}
  reserved: {en: reserved}
  out_of_service: {en: out of service}
  unknown: {en: of unknown status}
sentence:
  en:
    value: "At the latest snapshot, {value} of the observed recharging points of {place} were {dimension}."
    contrast: "At the latest snapshot, {high_value} of the observed recharging points of {high} were {dimension}, and {low_value} of those of {low}."
    even: "At the latest snapshot, about {high_value} of the observed recharging points of {high} and of {low} were {dimension}."
---*/
SET VARIABLE snapshot_hours = 24; -- hours. A snapshot's reach: a choice of this project; static data are due within 24 hours (Regulation (EU) 2025/655)

CREATE OR REPLACE TEMP VIEW rows_behind AS
SELECT *, CASE WHEN status IN ('planned', 'removed') THEN 'excluded'
               WHEN observed_at < latest_at - to_hours(CAST(getvariable('snapshot_hours') AS INTEGER)) THEN 'missing' ELSE 'used' END AS role,
       CASE WHEN status IN ('planned', 'removed') THEN status
            WHEN observed_at < latest_at - to_hours(CAST(getvariable('snapshot_hours') AS INTEGER)) THEN 'observed too long ago' END AS why
FROM side_observation WHERE age_rank = 1
UNION ALL BY NAME
FROM side_unobserved;

WITH word AS (SELECT unnest(['available', 'occupied', 'reserved', 'out_of_service', 'unknown']) AS dimension)
SELECT region_id, coalesce(side_id, 'whole') AS side_id, dimension,
       count(*) FILTER (WHERE role = 'used' AND status = dimension) / nullif(count(*) FILTER (WHERE role = 'used'), 0) AS value,
       count(*) FILTER (WHERE role = 'used') AS n,
       count(*) FILTER (WHERE role = 'used') / nullif(count(*) FILTER (WHERE role <> 'excluded'), 0) AS coverage,
       CASE WHEN count(*) FILTER (WHERE role = 'used') = 0 THEN 'no point of the side has a status observation' END AS reason
FROM rows_behind CROSS JOIN word
GROUP BY GROUPING SETS ((region_id, side_id, dimension), (region_id, dimension));
