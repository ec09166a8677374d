/*---
id: nearest_fast_across
version: 1.0.0
title: {en: Distance to the nearest strong recharging point across the border}
unit: km
definition: >-
  From each recharging point within 10 km of a neighbouring side (not private, planned or removed), the straight
  distance to the nearest point of at least 150 kW on that side: median and 90th percentile over the points. The whole
  takes the points of all sides and neighbours together. Straight lines, not roads: a river or a ridge makes the way
  longer. Points of unknown power across the border are not taken for strong, so that the distance is an upper bound.
reference: "150 kW: Regulation (EU) 2023/1804 (AFIR), Article 3(4). 10 km: a choice of this project."
inputs: [core.published_recharging_point, core.current_nuts_region]
coverage: "share of the points across the border that have a known power"
floor: {coverage: 0.8, n: 5}
better: lower
contrast: ratio
dimensions:
  "median": {en: "half of the points"}
  "p90": {en: "nine of ten points"}
sentence:
  en:
    value: "From {dimension} near the border of {place}, the nearest point of 150 kW or more across it is at most {value} km away."
    contrast: "From {high}, a strong recharging point across the border is {times} times as far away as from {low} (at most {high_value} against {low_value} km for {dimension})."
    even: "From {high} and from {low}, a strong recharging point across the border is as far away (at most about {high_value} km for {dimension})."
---*/
SET VARIABLE strong_power_kw = 150; -- kW. AFIR Article 3(4): the least of a corridor's strong point

CREATE OR REPLACE TEMP TABLE border_origin AS
SELECT point.*, pair.pair_no, pair.facing, 'origin' AS part
FROM border_point AS point JOIN side_pair AS pair USING (region_id, side_id)
WHERE point.border_km <= getvariable('border_near_km')
  AND ST_DWithin(pair.facing_geometry, ST_Point(point.x_m, point.y_m), 1000 * getvariable('border_near_km'));

CREATE OR REPLACE TEMP TABLE border_target AS
SELECT point.* REPLACE (pair.side_id AS side_id,
                        CASE WHEN point.role = 'used' AND point.power_kw IS NULL THEN 'missing' ELSE point.role END AS role,
                        CASE WHEN point.role = 'used' AND point.power_kw IS NULL THEN 'no power' ELSE point.why END AS why),
       pair.pair_no, pair.facing, 'target' AS part, point.power_kw >= getvariable('strong_power_kw') AND point.role = 'used' AS is_strong
FROM side_pair AS pair JOIN side_point AS point ON point.region_id = pair.region_id AND point.side_id = pair.facing;

-- Nearest by cells of 3 km: a target can be the nearest only where its cell's centre is no farther than that of the
-- nearest target cell and four half diagonals. Exact, and the pairs that are measured stay few.
-- One key for a cell of a pair of sides, so that points meet through cells and in no other way.
CREATE OR REPLACE TEMP MACRO cell_of(pair_no, column_no, line_no) AS
    (pair_no * 1000000 + column_no + 500000)::BIGINT * 1000000 + line_no + 500000;

CREATE OR REPLACE TEMP TABLE nearest_target AS
WITH origin AS (
    SELECT DISTINCT pair_no, x_m, y_m, floor(x_m / 3000)::INTEGER AS column_no, floor(y_m / 3000)::INTEGER AS line_no
    FROM border_origin WHERE role = 'used'
),
target AS (
    SELECT DISTINCT pair_no, x_m, y_m, floor(x_m / 3000)::INTEGER AS column_no, floor(y_m / 3000)::INTEGER AS line_no
    FROM border_target WHERE is_strong
),
origin_cell AS (SELECT DISTINCT pair_no, column_no, line_no FROM origin),
target_cell AS (SELECT DISTINCT pair_no, column_no, line_no FROM target),
reach AS (
    SELECT pair_no, one.column_no, one.line_no,
           sqrt(min((one.column_no - two.column_no) * (one.column_no - two.column_no) + (one.line_no - two.line_no) * (one.line_no - two.line_no))) + 2 * sqrt(2) + 1e-6 AS reach_cells
    FROM origin_cell AS one JOIN target_cell AS two USING (pair_no)
    GROUP BY ALL
),
candidate AS (
    SELECT pair_no, one.column_no, one.line_no, two.column_no AS target_column_no, two.line_no AS target_line_no
    FROM reach AS one JOIN target_cell AS two USING (pair_no)
    WHERE (one.column_no - two.column_no) * (one.column_no - two.column_no) + (one.line_no - two.line_no) * (one.line_no - two.line_no) <= reach_cells * reach_cells
)
SELECT origin.pair_no, origin.x_m, origin.y_m,
       sqrt(min((origin.x_m - target.x_m) * (origin.x_m - target.x_m) + (origin.y_m - target.y_m) * (origin.y_m - target.y_m))) / 1000 AS distance_km
FROM (SELECT *, cell_of(pair_no, column_no, line_no) AS origin_key FROM origin) AS origin
JOIN (SELECT cell_of(pair_no, column_no, line_no) AS origin_key, cell_of(pair_no, target_column_no, target_line_no) AS target_key FROM candidate) AS candidate
  USING (origin_key)
JOIN (SELECT *, cell_of(pair_no, column_no, line_no) AS target_key FROM target) AS target USING (target_key)
GROUP BY ALL;

CREATE OR REPLACE TEMP VIEW rows_behind AS
SELECT origin.*, distance_km FROM border_origin AS origin LEFT JOIN nearest_target USING (pair_no, x_m, y_m)
UNION ALL BY NAME FROM border_target
UNION ALL BY NAME FROM side_area;

WITH measured AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id, facing,
           quantile_cont(distance_km, [0.5, 0.9]) FILTER (WHERE part = 'origin' AND role = 'used') AS distances_km,
           count(*) FILTER (WHERE part = 'origin' AND role = 'used') AS n,
           count(*) FILTER (WHERE part = 'target' AND role = 'used') / nullif(count(*) FILTER (WHERE part = 'target' AND role <> 'excluded'), 0) AS coverage,
           count(*) FILTER (WHERE is_strong) AS strong_count
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id, facing), (region_id))
)
SELECT region_id, side_id, facing, dimension, distances_km[place] AS value, n, coverage,
       CASE WHEN n = 0 THEN 'no recharging point within the near band of the border'
            WHEN strong_count = 0 THEN 'no point of the strong power is known across the border' END AS reason
FROM measured CROSS JOIN (VALUES ('median', 1), ('p90', 2)) AS quantile (dimension, place);
