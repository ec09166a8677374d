-- Eurostat population (demo_r_pjanaggr3: freq, unit, sex, age, geo) to inhabitants: one row per record of both sexes
-- and all ages. Records of one sex or one age are not of this table and give no row.
-- A colon or nothing is a value that is not known: null. Eurostat may write a code with its label (DE: Germany).
WITH read AS (
    SELECT _file, _record, row_error,
           upper(clean(split_part(geo, ':', 1))) AS geo,
           upper(clean(split_part(freq, ':', 1))) AS freq,
           upper(clean(split_part(unit, ':', 1))) AS unit,
           upper(clean(split_part(sex, ':', 1))) AS sex,
           upper(clean(split_part(age, ':', 1))) AS age,
           clean(TIME_PERIOD) AS period,
           nullif(clean(OBS_VALUE), ':') AS value_text
    FROM decoded
),
counted AS (
    SELECT *, number_of(value_text) * CASE unit WHEN 'THS' THEN 1000 ELSE 1 END AS inhabitants
    FROM read
    WHERE coalesce(sex, 'T') = 'T' AND coalesce(age, 'TOTAL') = 'TOTAL'
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       geo AS nuts_code,
       CASE WHEN regexp_full_match(period, '[0-9]{4}') THEN CAST(period AS INTEGER) END AS reference_year,
       CASE WHEN inhabitants BETWEEN 0 AND 1e10 THEN CAST(round(inhabitants) AS BIGINT) END AS inhabitants_count,
       list_filter([
           CASE WHEN NOT is_nuts_like(geo) THEN 'place_is_no_nuts_region' END,
           CASE WHEN coalesce(freq, 'A') <> 'A' OR (period IS NOT NULL AND NOT regexp_full_match(period, '[0-9]{4}')) THEN 'period_is_no_year' END,
           CASE WHEN coalesce(unit, 'NR') NOT IN ('NR', 'PER', 'THS') THEN 'unmapped_unit' END,
           CASE WHEN value_text IS NOT NULL AND inhabitants IS NULL THEN 'unreadable_value' END,
           CASE WHEN inhabitants < 0 OR inhabitants > 1e10 OR abs(inhabitants - round(inhabitants)) > 1e-6 THEN 'value_is_no_count' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM counted
