-- OCPI tariffs to price components: one row per component. OCPI prices time by the hour; the common model by the minute.
-- A tariff without components keeps one row, so that every record is accounted for.
WITH tariff AS (
    SELECT _file, _record,
           clean(id) AS tariff_id,
           upper(clean(currency)) AS currency_code,
           upper(clean(type)) AS tariff_type,
           upper(clean(tax_included)) AS tax_included,
           -- since 2.2 a tariff names its party, and its prices are without tax unless 2.3's tax_included says otherwise
           clean(country_code) IS NOT NULL AND clean(party_id) IS NOT NULL AS is_2_2,
           clean(last_updated) AS updated_text,
           flatten(list_transform(elements, lambda element: list_transform(element.price_components, lambda part:
               {'part': part, 'conditions': nullif(nullif(clean(element.restrictions), '{}'), 'null')}))) AS parts
    FROM decoded
),
component AS (
    SELECT * EXCLUDE (parts),
           unnest(CASE WHEN len(parts) > 0 THEN parts ELSE [NULL] END) AS priced,
           CAST(unnest(range(1, greatest(coalesce(len(parts), 0), 1) + 1)) AS INTEGER) AS component_no
    FROM tariff
),
priced AS (
    SELECT * EXCLUDE (priced),
           priced.conditions,
           upper(clean(priced.part.type)) AS dimension,
           clean(priced.part.price) AS price_text,
           number_of(priced.part.price) AS price,
           CASE WHEN updated_text LIKE '%T%' AND CAST(getvariable('dataset_zone') AS VARCHAR) IS NULL
                     AND NOT regexp_matches(updated_text, '(Z|z|[+-][0-9:]{2,5})$')
                THEN TRY_CAST(updated_text || 'Z' AS TIMESTAMPTZ)  -- OCPI: without a designator it is UTC
                ELSE instant_of(updated_text, CAST(getvariable('dataset_zone') AS VARCHAR)) END AS updated_at
    FROM component
)
SELECT tariff_id,
       component_no,
       CAST(NULL AS VARCHAR) AS point_id,
       CASE WHEN tariff_type = 'AD_HOC_PAYMENT' THEN 'adHoc'
            WHEN tariff_type IN ('REGULAR', 'PROFILE_CHEAP', 'PROFILE_FAST', 'PROFILE_GREEN') THEN 'contract' END AS rate_policy,
       CASE dimension WHEN 'ENERGY' THEN 'energy' WHEN 'TIME' THEN 'time' WHEN 'PARKING_TIME' THEN 'parking_time'
                      WHEN 'FLAT' THEN 'session' END AS component,
       CASE WHEN dimension IN ('TIME', 'PARKING_TIME') THEN price / 60 ELSE price END AS price_amount,
       currency_code,
       CASE WHEN dimension = 'ENERGY' THEN 'kWh' WHEN dimension IN ('TIME', 'PARKING_TIME') THEN 'min'
            WHEN dimension = 'FLAT' THEN 'session' END AS price_per,
       CASE WHEN tax_included IN ('YES', 'TRUE') THEN true WHEN tax_included IN ('NO', 'FALSE') THEN false
            WHEN tax_included IS NULL AND is_2_2 THEN false END AS is_tax_included,
       conditions,
       updated_at,
       _file, _record, component_no AS _point,
       list_filter([
           CASE WHEN dimension IS NULL AND price_text IS NULL THEN 'tariff_without_price' END,
           CASE WHEN dimension NOT IN ('ENERGY', 'TIME', 'PARKING_TIME', 'FLAT') THEN 'unmapped_price_dimension' END,
           CASE WHEN price_text IS NOT NULL AND price IS NULL THEN 'unreadable_price' END,
           CASE WHEN tariff_type NOT IN ('AD_HOC_PAYMENT', 'REGULAR', 'PROFILE_CHEAP', 'PROFILE_FAST', 'PROFILE_GREEN')
                THEN 'unmapped_tariff_type' END,
           CASE WHEN updated_text IS NOT NULL AND updated_at IS NULL AND NOT is_local_time(updated_text)
                THEN 'unreadable_last_updated' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM priced
