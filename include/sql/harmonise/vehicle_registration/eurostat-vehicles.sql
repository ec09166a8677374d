-- Eurostat vehicles by motor energy to the electric fleet: one row for each region, year, category and powertrain.
-- Flows: road_eqs_carpda counts cars in stock (M1); road_eqs_lormot lorries, of which vehicle VG_LE3P5 are vans (N1).
-- road_eqr_* counts NEW registrations: quarantined, for a year's sales are no fleet.
-- Motor energy: ELC is BEV; ELC_PET_PI and ELC_DIE_PI together are PHEV (null where one of them is published without a
-- value; where one is not published at all, the other stands). Other energies are not of this table and give no row.
WITH read AS (
    SELECT _file, _record,
           upper(clean(DATAFLOW)) AS flow,
           upper(clean(split_part(geo, ':', 1))) AS geo,
           upper(clean(split_part(freq, ':', 1))) AS freq,
           upper(clean(split_part(unit, ':', 1))) AS unit,
           upper(clean(split_part(vehicle, ':', 1))) AS vehicle,
           upper(clean(split_part(mot_nrg, ':', 1))) AS energy,
           clean(TIME_PERIOD) AS period,
           nullif(clean(OBS_VALUE), ':') AS value_text
    FROM decoded
),
electric AS (
    SELECT *,
           CASE energy WHEN 'ELC' THEN 'BEV' ELSE 'PHEV' END AS powertrain,
           CASE WHEN vehicle IN ('CAR', 'M1') OR (vehicle IS NULL AND contains(flow, 'CARPDA')) THEN 'M1'
                WHEN vehicle IN ('VG_LE3P5', 'LOR_LE3P5', 'N1') THEN 'N1' END AS category,
           number_of(value_text) * CASE unit WHEN 'THS' THEN 1000 ELSE 1 END AS vehicles
    FROM read
    WHERE energy IN ('ELC', 'ELC_PET_PI', 'ELC_DIE_PI') AND coalesce(vehicle, '') NOT IN ('LOR_GT3P5', 'TOTAL')
),
-- A repeated observation must not be added to itself: it stays apart and meets the table's key.
numbered AS (
    SELECT *, row_number() OVER (PARTITION BY flow, geo, period, category, vehicle, energy, unit, freq ORDER BY _file, _record) AS turn
    FROM electric
)
SELECT min_by(_file, (_file, _record)) AS _file, min_by(_record, (_file, _record)) AS _record, CAST(1 AS INTEGER) AS _point,
       geo AS nuts_code,
       CASE WHEN regexp_full_match(period, '[0-9]{4}') THEN CAST(period AS INTEGER) END AS reference_year,
       category AS vehicle_category,
       powertrain,
       CASE WHEN count(vehicles) = count(*) AND sum(vehicles) BETWEEN 0 AND 1e10 THEN CAST(round(sum(vehicles)) AS BIGINT) END AS vehicles_count,
       list_filter([
           CASE WHEN contains(flow, 'ROAD_EQR') THEN 'new_registrations_are_no_stock' END,
           CASE WHEN category IS NULL THEN 'unmapped_vehicle_category' END,
           CASE WHEN NOT is_nuts_like(geo) THEN 'place_is_no_nuts_region' END,
           CASE WHEN coalesce(freq, 'A') <> 'A' OR (period IS NOT NULL AND NOT regexp_full_match(period, '[0-9]{4}')) THEN 'period_is_no_year' END,
           CASE WHEN coalesce(unit, 'NR') NOT IN ('NR', 'THS') THEN 'unmapped_unit' END,
           CASE WHEN bool_or(value_text IS NOT NULL AND vehicles IS NULL) THEN 'unreadable_value' END,
           CASE WHEN bool_or(vehicles < 0 OR vehicles > 1e10 OR abs(vehicles - round(vehicles)) > 1e-6) THEN 'value_is_no_count' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM numbered
GROUP BY flow, geo, freq, unit, period, category, vehicle, powertrain, turn
