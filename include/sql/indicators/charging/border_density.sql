/*---
id: border_density
version: 1.1.0
title: {en: Recharging points per 100 km² by distance from the border}
unit: points/100 km²
definition: >-
  Recharging points (not private, planned or removed) per 100 km² of the side's land within 10 km, and between 10 and
  25 km, of the nearest place on another side of the region. Points and areas use the same polygons in EPSG:3035.
reference: "Bands: a choice of this project. Area: GISCO NUTS regions, whose boundaries are generalised: distances are no more exact than they."
inputs: [core.published_recharging_point, core.current_nuts_region]
coverage: "share of the country's published points that have a NUTS 3 region (one without could lie on the side)"
floor: {coverage: 0.9, n: 5, each: band}
better: higher
contrast: ratio
dimensions:
  "0-10 km": {en: "within 10 km of the border"}
  "10-25 km": {en: "between 10 and 25 km from the border"}
sentence:
  en:
    value: "{dimension}, {place} has {value} recharging points per 100 km²."
    contrast: "{dimension}, {high} has {times} times as many recharging points per square kilometre as {low} ({high_value} against {low_value} per 100 km²)."
    even: "{dimension}, {high} and {low} have as many recharging points per square kilometre (about {high_value} per 100 km²)."
---*/
CREATE OR REPLACE TEMP VIEW rows_behind AS
FROM border_band
UNION ALL BY NAME
SELECT placement.*, band FROM side_placement AS placement CROSS JOIN (SELECT DISTINCT band FROM border_band);

SELECT region_id, coalesce(side_id, 'whole') AS side_id, band AS dimension,
       100 * count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') / nullif(sum(area_km2), 0) AS value,
       count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used') AS n,
       MAP {'at ' || band || ' from the border': count(*) FILTER (WHERE table_name = 'recharging_point' AND role = 'used')} AS parts,
       sum(country_placed_count) / nullif(sum(country_points_count), 0) AS coverage,
       CASE WHEN coalesce(sum(area_km2), 0) = 0 THEN 'the side has no land at this distance from the border' END AS reason
FROM rows_behind
GROUP BY GROUPING SETS ((region_id, side_id, band), (region_id, band));
