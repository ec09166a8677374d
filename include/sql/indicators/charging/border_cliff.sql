/*---
id: border_cliff
version: 1.1.0
title: {en: Border cliff of recharging points}
unit: "1"
definition: >-
  Density of recharging points (not private, planned or removed) between 10 and 25 km from the border, divided by their
  density within 10 km of it, on one side. Above 1 there are fewer points per square kilometre at the border than behind
  it, below 1 there are more; 1 means that density does not change towards the border. Densities as in border_density. Towns near or far from
  the border move it too: read it beside the map.
reference: "A choice of this project."
inputs: [core.published_recharging_point, core.current_nuts_region]
coverage: "share of the country's published points that have a NUTS 3 region (one without could lie on the side)"
floor: {coverage: 0.9, n: 5, each: band}
better: lower
contrast: ratio
turns_at: 1
sentence:
  en:
    value: "On {place}, recharging points stand {value} times as dense 10 to 25 km from the border as within 10 km of it."
    contrast: "Recharging points stand {high_value} times as dense 10 to 25 km from the border as within 10 km of it on {high}, {low_value} times on {low}."
    across: "Towards the border, supply falls off on {high} and rises on {low}: recharging points stand {high_value} and {low_value} times as dense 10 to 25 km from the border as within 10 km of it."
    even: "Supply changes towards the border alike on {high} and {low} (a factor of about {high_value})."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM border_band UNION ALL BY NAME FROM side_placement;

WITH counted AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used' AND border_km < getvariable('border_near_km')) AS near_count,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used' AND border_km >= getvariable('border_near_km')) AS far_count,
           sum(country_placed_count) / nullif(sum(country_points_count), 0) AS coverage,
           nullif(sum(area_km2) FILTER (WHERE starts_with(band, '0-')), 0) AS near_km2,
           nullif(sum(area_km2) FILTER (WHERE NOT starts_with(band, '0-')), 0) AS far_km2
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id), (region_id))
)
SELECT region_id, side_id, '' AS dimension, (far_count / far_km2) / nullif(near_count / near_km2, 0) AS value,
       near_count + far_count AS n, coverage,
       MAP {'at 0-' || getvariable('border_near_km') || ' km from the border': near_count,
            'at ' || getvariable('border_near_km') || '-' || getvariable('border_far_km') || ' km from the border': far_count} AS parts,
       CASE WHEN near_km2 IS NULL OR far_km2 IS NULL THEN 'the side has no land in one of the two bands'
            WHEN near_count = 0 THEN 'no recharging point within the near band: the quotient has no value' END AS reason
FROM counted;
