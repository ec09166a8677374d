/*---
id: border_cliff
version: 1.0.0
title: {en: Border cliff of recharging points}
unit: "1"
definition: >-
  Density of recharging points (not private, planned or removed) between 10 and 25 km from the border, divided by their
  density within 10 km of it, on one side. Above 1 there are fewer points per square kilometre at the border than behind
  it; 1 means that density does not change towards the border. Densities as in border_density. Towns near or far from
  the border move it too: read it beside the map.
reference: "A choice of this project."
inputs: [core.published_recharging_point, core.current_nuts_region]
coverage: "share of the country's published points that have a NUTS 3 region (one without could lie on the side)"
floor: {coverage: 0.9, n: 5}
better: lower
contrast: ratio
sentence:
  en:
    value: "On {place}, recharging points stand {value} times as dense 10 to 25 km from the border as within 10 km of it."
    contrast: "Supply falls off towards the border {times} times as much on {high} as on {low} ({high_value} against {low_value})."
    even: "Supply changes towards the border alike on {high} and {low} (a factor of about {high_value})."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM border_band UNION ALL BY NAME FROM side_placement;

WITH density AS (
    SELECT region_id, coalesce(side_id, 'whole') AS side_id,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS n,
           sum(country_placed_count) / nullif(sum(country_points_count), 0) AS coverage,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used' AND border_km < getvariable('border_near_km'))
               / nullif(sum(area_km2) FILTER (WHERE starts_with(band, '0-')), 0) AS near_density,
           count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used' AND border_km >= getvariable('border_near_km'))
               / nullif(sum(area_km2) FILTER (WHERE NOT starts_with(band, '0-')), 0) AS far_density
    FROM rows_behind
    GROUP BY GROUPING SETS ((region_id, side_id), (region_id))
)
SELECT region_id, side_id, '' AS dimension, far_density / nullif(near_density, 0) AS value, n, coverage,
       CASE WHEN near_density IS NULL OR far_density IS NULL THEN 'the side has no land in one of the two bands'
            WHEN near_density = 0 THEN 'no recharging point within the near band: the quotient has no value' END AS reason
FROM density;
