/*---
id: availability
version: 1.0.1
title: {en: Availability of recharging points}
unit: "1"
shown_as: percent
definition: >-
  1 - out-of-service minutes / known minutes, over the recharging points of the side (not private, planned or removed).
  A status observation holds until the next one of the same point, at most for the cap; what lies beyond it, and
  the status unknown, are unknown minutes and are left out (status_unknown_share gives them). Known minutes are those available,
  occupied, reserved or out of service. A point with one observation has no minutes.
reference: "AFIR sets no number. Form of the quotient: US NEVI standards, 23 CFR 680.116 (97 %), without its excluded outages, which no publisher states here."
inputs: [core.published_recharging_point, core.status_observation]
coverage: "share of the side's recharging points that have known minutes"
floor: {coverage: 0.1, n: 5}
better: higher
contrast: difference
sentence:
  en:
    value: "Recharging points of {place} were in service for {value} of the known time."
    contrast: "Recharging points of {high} were in service for {high_value} of the known time, those of {low} for {low_value}."
    even: "Recharging points of {high} and {low} were in service for about {high_value} of the known time."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_status;

SELECT region_id, coalesce(side_id, 'whole') AS side_id, '' AS dimension,
       1 - sum(out_of_service_min) FILTER (WHERE role = 'used') / nullif(sum(known_min) FILTER (WHERE role = 'used'), 0) AS value,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') AS n,
       count(DISTINCT row_id) FILTER (WHERE role = 'used') / nullif(count(DISTINCT row_id), 0) AS coverage,
       CASE WHEN count(*) FILTER (WHERE role = 'used') = 0 THEN 'no point has two status observations with a known status between them' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id), (region_id));
