-- DATEX II v3 energy rates (at a refill point or a station) to tariff components: one row per price.
-- An id of a rate that several points share (some publishers write adHoc for all) is no id: the point's goes before it.
-- A station's rate is given once, without a point. Rates without prices, and references to rates, have no row.
-- A base price and a flat rate are paid once a session; times and powers that a price is limited to stay as text.
WITH rates AS (
    SELECT _file, _record, point_id AS owner, unnest(point_energyRate) AS rate,
           coalesce(evse_id_of(point_evseId),
                    evse_id_of(list_filter(list_concat(list_transform(point_externalIdentifier, lambda x: x.identifier), [point_id, point_name]),
                                           lambda id: is_evse_like(id))[1]), point_id) AS point_id
    FROM decoded
    WHERE len(point_energyRate) > 0 AND (coalesce(point_type, '') IN ('', 'ElectricChargingPoint', 'RefillPoint') OR len(point_connector) > 0)
    UNION ALL
    SELECT _file, _record, station_id AS owner, unnest(station_energyRate) AS rate, NULL AS point_id
    FROM (SELECT _file, _record, station_id, station_energyRate,
                 _record = min(_record) OVER (PARTITION BY _file, site_id, station_id) AS is_first
          FROM decoded
          WHERE len(station_energyRate) > 0)
    WHERE is_first
),
prices AS (
    SELECT _file, _record, owner, point_id, rate, unnest(rate.energyPrice) AS price, generate_subscripts(rate.energyPrice, 1) AS component_no,
           min(owner) OVER (PARTITION BY rate.id) <> max(owner) OVER (PARTITION BY rate.id) AS is_shared
    FROM rates
    WHERE len(rate.energyPrice) > 0
),
components AS (
    SELECT prices.*,
           CASE lower(price.priceType) WHEN 'priceperkwh' THEN 'energy' WHEN 'priceperminute' THEN 'time' WHEN 'baseprice' THEN 'session'
                WHEN 'flatrate' THEN 'session' WHEN 'free' THEN 'energy' END AS component,
           coalesce(number_of(price.value), CASE WHEN lower(price.priceType) = 'free' AND price.value IS NULL THEN 0 END) AS price_amount,
           instant_of(rate.lastUpdated, getvariable('dataset_zone')::VARCHAR) AS updated_at
    FROM prices
)
SELECT _file, _record, CAST(row_number() OVER (PARTITION BY _file, _record ORDER BY owner, rate.id, component_no) AS INTEGER) AS _point,
       CASE WHEN rate.id IS NULL THEN owner WHEN is_shared THEN owner || '#' || rate.id ELSE rate.id END AS tariff_id,
       CAST(component_no AS INTEGER) AS component_no,
       point_id,
       CASE WHEN rate.ratePolicy IN ('adHoc', 'contract') THEN rate.ratePolicy END AS rate_policy,
       component,
       price_amount,
       upper(rate.applicableCurrency) AS currency_code,
       CASE component WHEN 'energy' THEN 'kWh' WHEN 'time' THEN 'min' WHEN 'session' THEN 'session' END AS price_per,
       truth_of(price.taxIncluded) AS is_tax_included,
       CASE WHEN len(price.conditions) + len(rate.conditions) > 0 THEN CAST(to_json(list_concat(rate.conditions, price.conditions)) AS VARCHAR) END AS conditions,
       updated_at,
       list_filter([
           CASE WHEN price.priceType IS NOT NULL AND component IS NULL THEN 'unmapped_price_type' END,
           CASE WHEN rate.ratePolicy NOT IN ('adHoc', 'contract') THEN 'unmapped_rate_policy' END,
           CASE WHEN price.value IS NOT NULL AND number_of(price.value) IS NULL THEN 'unreadable_price' END,
           CASE WHEN rate.lastUpdated IS NOT NULL AND updated_at IS NULL THEN
                CASE WHEN TRY_CAST(rate.lastUpdated AS TIMESTAMP) IS NULL THEN 'unreadable_time' ELSE 'time_without_zone' END END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM components
