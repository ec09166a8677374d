/*---
id: data_coverage
version: 1.0.0
title: {en: Completeness of the data}
unit: "1"
shown_as: percent
definition: >-
  Share of the recharging points (not private, planned or removed) that state a field: power (published or computable),
  a well-formed EVSE id, an operator, and of the country's points those that have a NUTS 3 region. The contrast is the
  smaller over the larger share: 1 means that both sides are equally complete.
reference: "Completeness: ISO/IEC 25012. Coverage ratio min(side)/max(side): a choice of this project."
inputs: [core.published_recharging_point]
coverage: "always 1: every row counts"
floor: {coverage: 0, n: 1}
better: higher
contrast: min_max
dimensions:
  power: {en: a power}
  evse id: {en: an EVSE id}
  operator: {en: an operator}
  region: {en: a place in a NUTS 3 region}
sentence:
  en:
    value: "{value} of the recharging points of {place} have {dimension} in the data."
    contrast: "{high_value} of the recharging points of {high} have {dimension} in the data, {low_value} of those of {low}."
    even: "About {high_value} of the recharging points of {high} and of {low} have {dimension} in the data."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_point UNION ALL BY NAME FROM side_placement;

WITH counted AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id, count(*) FILTER (WHERE role = 'used') AS n,
           count(power_kw) FILTER (WHERE role = 'used') AS with_power,
           count(evse_id) FILTER (WHERE role = 'used') AS with_evse_id,
           count(operator_name) FILTER (WHERE role = 'used') AS with_operator,
           sum(country_points_count) AS country_points, sum(country_placed_count) AS country_placed
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id), (region_id))
)
SELECT region_id, side_id, shown.dimension AS dimension, shown.part / nullif(shown.total, 0) AS value, shown.total::BIGINT AS n, 1.0 AS coverage
FROM counted, LATERAL (VALUES ('power', with_power, n), ('evse id', with_evse_id, n), ('operator', with_operator, n),
                              ('region', country_placed, country_points)) AS shown (dimension, part, total);
