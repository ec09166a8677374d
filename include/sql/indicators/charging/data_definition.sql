/*---
id: data_definition
version: 1.0.0
title: {en: Differences of definition between the sides}
unit: "1"
shown_as: percent
definition: >-
  Shares that tell how a side's publishers count and measure: rows with an EVSE id (without one, a row can be a device, a connector
  or a charge point, as the publisher pleases), power computed from voltage and current rather than published, and stations whose
  power is the sum over points rather than declared. Where the shares of two sides differ, their counts and powers are
  not wholly comparable.
reference: "A choice of this project; comparability as in the European Statistics Code of Practice, principle 14."
inputs: [core.published_recharging_point, core.published_recharging_station]
coverage: "share of the points (of the stations, for summed power) that have what the share is of"
floor: {coverage: 0.2, n: 1}
better: none
contrast: difference
dimensions:
  rows with evse id: {en: rows are EVSEs with an id}
  power computed: {en: power is computed from voltage and current}
  station power summed: {en: power of a station is summed over its points}
sentence:
  en:
    value: "On {place}, {value}: {dimension}."
    contrast: "Definitions differ: {dimension} for {high_value} on {high}, for {low_value} on {low}."
    even: "Alike on {high} and {low}: {dimension} for about {high_value}."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM side_point UNION ALL BY NAME FROM side_station;

WITH counted AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS points,
           count(evse_id) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS with_evse_id,
           count(power_kw) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS with_power,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used' AND power_method = 'computed') AS computed_power,
           count(*) FILTER (WHERE table_name = 'recharging_station') AS stations,
           count(*) FILTER (WHERE table_name = 'recharging_station' AND role = 'used') AS stations_with_power,
           count(*) FILTER (WHERE table_name = 'recharging_station' AND role = 'used' AND power_method = 'summed') AS summed_power
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id), (region_id))
)
SELECT region_id, side_id, shown.dimension AS dimension, shown.part / nullif(shown.total, 0) AS value, shown.total AS n, shown.total / nullif(shown.whole, 0) AS coverage
FROM counted, LATERAL (VALUES ('rows with evse id', with_evse_id, points, points), ('power computed', computed_power, with_power, points),
                              ('station power summed', summed_power, stations_with_power, stations)) AS shown (dimension, part, total, whole);
