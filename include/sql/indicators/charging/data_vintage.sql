/*---
id: data_vintage
version: 1.0.0
title: {en: Age of the data}
unit: days
definition: >-
  Days between the computation and the latest change that the publishers of the side's points state (newest and oldest
  dataset), and since the side's oldest dataset was fetched. A publisher that states no instant counts only in the last.
reference: "Static data are due within 24 hours of a change: Implementing Regulation (EU) 2025/655."
inputs: [core.published_recharging_point, catalogue.current_release]
coverage: "share of the side's points whose dataset has the instant"
floor: {coverage: 0.5, n: 1}
better: lower
contrast: difference
dimensions:
  stated newest: {en: newest dataset of the side was last changed}
  stated oldest: {en: oldest dataset of the side was last changed}
  fetched oldest: {en: oldest dataset of the side was fetched}
sentence:
  en:
    value: "The {dimension} {value} days ago ({place})."
    contrast: "The {dimension} {high_value} days ago on {high}, {low_value} days ago on {low}."
    even: "The {dimension} about {high_value} days ago on {high} and on {low}."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
SELECT point.region_id, point.side_id, point.dataset, point.table_name, point.period, point.run_id, point.dataset AS row_id,
       count(*) AS points_count, 'used' AS role, NULL::VARCHAR AS why,
       date_diff('second', any_value(release.source_updated_at), getvariable('computed_at')) / 86400 AS stated_age_days,
       date_diff('second', coalesce(any_value(release.retrieved_at), any_value(release.released_at)), getvariable('computed_at')) / 86400 AS fetched_age_days
FROM side_point AS point
LEFT JOIN catalogue.current_release AS release
       ON release.dataset = point.dataset AND release.table_name = point.table_name AND release.period = point.period
WHERE point.role = 'used'
GROUP BY ALL;

WITH aged AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id, min(stated_age_days) AS newest, max(stated_age_days) AS oldest,
           max(fetched_age_days) AS fetched, count(stated_age_days) AS stated_n, count(fetched_age_days) AS fetched_n,
           coalesce(sum(points_count) FILTER (WHERE stated_age_days IS NOT NULL), 0) / sum(points_count) AS stated_coverage,
           coalesce(sum(points_count) FILTER (WHERE fetched_age_days IS NOT NULL), 0) / sum(points_count) AS fetched_coverage
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id), (region_id))
)
SELECT region_id, side_id, shown.dimension AS dimension, shown.age_days AS value, shown.n AS n, shown.coverage AS coverage,
       CASE WHEN shown.age_days IS NULL THEN 'no dataset of the side states the instant' END AS reason
FROM aged, LATERAL (VALUES ('stated newest', newest, stated_n, stated_coverage), ('stated oldest', oldest, stated_n, stated_coverage),
                           ('fetched oldest', fetched, fetched_n, fetched_coverage)) AS shown (dimension, age_days, n, coverage);
