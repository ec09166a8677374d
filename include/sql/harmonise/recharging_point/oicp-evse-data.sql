-- OICP EVSE data (2.1 to 2.3) to recharging points: one row per EVSE. OICP lists plugs and charging facilities (power,
-- volts, amperes) beside each other and does not say which belongs to which: a plug has the power of the only facility of
-- its kind of current, of the facility at its place where there are as many of both, else none. A fixed kind of current
-- (CCS gives direct, an outlet alternating) never takes the power of the other. See docs/real-data/json-formats.md.
WITH written AS (
    SELECT _file, _record,
           clean(EvseID) AS evse_id_raw, evse_id_of(EvseID) AS evse_id,
           clean(ChargingStationID) AS own_station_id, clean(ChargingPoolID) AS pool_id,
           coalesce(CASE WHEN ChargingStationNames LIKE '[%' THEN clean(json_extract_string(TRY_CAST(ChargingStationNames AS JSON), '$[0].value'))
                         WHEN ChargingStationNames LIKE '{%' THEN clean(json_extract_string(TRY_CAST(ChargingStationNames AS JSON), '$.value'))
                         ELSE clean(ChargingStationNames) END,
                    clean(ChargingStationName)) AS station_name,
           coalesce(clean(OperatorID), clean(_operator_id)) AS operator_word,
           coalesce(clean(OperatorName), clean(_operator_name)) AS operator_name,
           clean(Address.Country) AS country_word,
           clean(concat_ws(' ', clean(Address.Street), clean(Address.HouseNum))) AS street_address,
           clean(Address.PostalCode) AS postal_code, clean(Address.City) AS city,
           lower(deltaType) AS delta,
           CASE WHEN lastUpdate NOT LIKE '0001-01-01%' THEN clean(lastUpdate) END AS updated_text,   -- the zero of a computer clock
           clean(Accessibility) AS access_word,
           truth_of(IsOpen24Hours) AS is_open_24_7,
           nullif(nullif(clean(OpeningTimes), '[]'), '{}') AS opening_times,
           -- a text that only begins like JSON is a word like any other: what it says cannot be read, and that is said
           CASE WHEN GeoCoordinates LIKE '{%' THEN TRY_CAST(GeoCoordinates AS JSON) END AS place_json,
           CASE WHEN GeoCoordinates NOT LIKE '{%' OR TRY_CAST(GeoCoordinates AS JSON) IS NULL THEN GeoCoordinates END AS place_words,
           CASE WHEN Plugs LIKE '{%' AND json_valid(Plugs) AND json_type(TRY_CAST(Plugs AS JSON), '$.Plug') = 'ARRAY'
                THEN TRY_CAST(json_extract(TRY_CAST(Plugs AS JSON), '$.Plug') AS VARCHAR[])
                WHEN Plugs LIKE '[%' AND json_valid(Plugs) THEN TRY_CAST(TRY_CAST(Plugs AS JSON) AS VARCHAR[])
                WHEN clean(Plugs) IS NOT NULL THEN [Plugs] END AS plug_words,
           CASE WHEN ChargingFacilities LIKE '{%' AND json_valid(ChargingFacilities) AND json_type(TRY_CAST(ChargingFacilities AS JSON), '$.ChargingFacility') = 'ARRAY'
                THEN json_extract(TRY_CAST(ChargingFacilities AS JSON), '$.ChargingFacility[*]')
                WHEN ChargingFacilities LIKE '[%' AND json_valid(ChargingFacilities) THEN json_extract(TRY_CAST(ChargingFacilities AS JSON), '$[*]')
                WHEN ChargingFacilities LIKE '{%' AND json_valid(ChargingFacilities) THEN [TRY_CAST(ChargingFacilities AS JSON)]
                WHEN clean(ChargingFacilities) IS NOT NULL THEN [to_json(ChargingFacilities)] END AS facilities,
           AuthenticationModes AS authentication_words, PaymentOptions AS payment_words
    FROM decoded
),
-- A place in one of three writings: "lat lon" (Google), decimal degrees, degrees with minutes and seconds. "None None"
-- is how one publisher writes that there is none.
placed AS (
    SELECT *,
           -- a comma in each of two numbers is a decimal comma, else it stands between them
           nullif(nullif(nullif(regexp_replace(regexp_replace(lower(clean(coalesce(place_words,
               CASE WHEN json_type(place_json, '$.Google') = 'OBJECT' THEN json_extract_string(place_json, '$.Google.Coordinates')
                    ELSE json_extract_string(place_json, '$.Google') END))),
               '^(-?[0-9]+),([0-9]+)[\s;,]+(-?[0-9]+),([0-9]+)$', '\1.\2 \3.\4'), '[\s,;]+', ' ', 'g'), 'none none'), 'null null'), 'nan nan') AS google,
           coalesce(clean(json_extract_string(place_json, '$.DecimalDegree.Latitude')), clean(json_extract_string(place_json, '$.Latitude'))) AS decimal_latitude,
           coalesce(clean(json_extract_string(place_json, '$.DecimalDegree.Longitude')), clean(json_extract_string(place_json, '$.Longitude'))) AS decimal_longitude,
           clean(json_extract_string(place_json, '$.DegreeMinuteSeconds.Latitude')) AS degrees_latitude,
           clean(json_extract_string(place_json, '$.DegreeMinuteSeconds.Longitude')) AS degrees_longitude
    FROM written
),
located AS (
    SELECT * EXCLUDE (google, decimal_latitude, decimal_longitude, degrees_latitude, degrees_longitude),
           concat_ws(' ', google, decimal_latitude, decimal_longitude, degrees_latitude, degrees_longitude) AS place_text,
           coalesce(number_of(split_part(google, ' ', 1)), number_of(decimal_latitude), degrees_of(degrees_latitude)) AS latitude_deg,
           coalesce(number_of(split_part(google, ' ', 2)), number_of(decimal_longitude), degrees_of(degrees_longitude)) AS longitude_deg
    FROM placed
),
-- Facilities: objects since 2.3 ({"Power": 22, "PowerType": "AC_3_PHASE", "Voltage": 230, "Amperage": 32}), words before
-- ("200 - 240V, 3-Phase >32A", "DC Charging <= 20kW").
facility_of AS (
    SELECT * EXCLUDE (facilities),
           list_transform(facilities, lambda item: {
               'power_text': coalesce(clean(json_extract_string(item, '$.Power')), clean(json_extract_string(item, '$.power'))),
               'voltage_text': clean(json_extract_string(item, '$.Voltage')),
               'current_text': clean(json_extract_string(item, '$.Amperage')),
               'type': upper(clean(coalesce(json_extract_string(item, '$.PowerType'), json_extract_string(item, '$.powertype')))),
               'words': CASE WHEN json_type(item) = 'VARCHAR' THEN json_extract_string(item, '$') END}) AS facilities
    FROM located
),
measured AS (
    SELECT * EXCLUDE (facilities),
           list_transform(facilities, lambda item: {
               'item': item,
               'current_type': CASE WHEN item.type = 'DC' OR item.words ILIKE 'DC %' THEN 'DC'
                                    WHEN item.type LIKE 'AC%' OR item.words ILIKE '%phase%' THEN 'AC' END,
               'power_kw': number_of(item.power_text),
               'voltage_v': number_of(item.voltage_text),
               'current_a': number_of(item.current_text),
               'phases': CASE item.type WHEN 'AC_3_PHASE' THEN 3 WHEN 'AC_1_PHASE' THEN 1 WHEN 'DC' THEN 1 END}) AS facilities
    FROM facility_of
),
powered AS (
    SELECT * EXCLUDE (facilities),
           list_transform(facilities, lambda m: {
               'current_type': m.current_type,
               'power_kw': coalesce(nullif(m.power_kw, 0), kw_from_electricity(m.voltage_v, m.current_a, m.phases)),
               'power_method': CASE WHEN m.power_kw <> 0 THEN 'declared'
                                    WHEN kw_from_electricity(m.voltage_v, m.current_a, m.phases) IS NOT NULL THEN 'computed' END,
               'voltage_v': nullif(greatest(m.voltage_v, 0), 0), 'current_a': nullif(greatest(m.current_a, 0), 0),
               'is_unreadable': m.power_kw < 0 OR m.voltage_v < 0 OR m.current_a < 0
                   OR (m.power_kw IS NULL AND m.item.power_text IS NOT NULL)
                   OR (m.voltage_v IS NULL AND m.item.voltage_text IS NOT NULL)
                   OR (m.current_a IS NULL AND m.item.current_text IS NOT NULL)
                   OR (m.current_type IS NULL AND coalesce(m.item.type, upper(m.item.words)) NOT IN ('UNSPECIFIED', 'BATTERY EXCHANGE'))}) AS facilities
    FROM measured
),
kinds AS (
    SELECT *,
           list_transform(list_filter(plug_words, lambda word: clean(word) IS NOT NULL), lambda word, place: {
               'word': clean(word), 'place': place, 'type': connector_type_of('oicp', word),
               'fixed': CASE WHEN connector_type_of('oicp', word) IN ('iec62196T2COMBO', 'iec62196T1COMBO', 'chademo', 'mcs') THEN 'DC'
                             WHEN connector_type_of('oicp', word) LIKE 'domestic%' OR word ILIKE '%outlet%'
                                  OR connector_type_of('oicp', word) IN ('iec62196T1', 'iec62196T3C', 'cee3', 'cee5') THEN 'AC' END}) AS plug_kinds,
           list_max(list_transform(facilities, lambda m: m.power_kw)) AS power_kw
    FROM powered
),
plugged AS (
    SELECT *,
           list_transform(plug_kinds, lambda plug: {
               'word': plug.word, 'type': plug.type, 'fixed': plug.fixed,
               'facility': CASE WHEN len(facilities) = len(plug_kinds) AND coalesce(facilities[plug.place].current_type = plug.fixed, true) THEN facilities[plug.place]
                                WHEN len(list_filter(facilities, lambda m: coalesce(m.current_type = plug.fixed, true))) = 1
                                THEN list_filter(facilities, lambda m: coalesce(m.current_type = plug.fixed, true))[1] END}) AS plugs
    FROM kinds
),
finished AS (
    SELECT *,
           list_transform(plugs, lambda plug: {
               'connector_id': CAST(NULL AS VARCHAR),
               'connector_type': plug.type,
               'connector_type_raw': plug.word,
               'connector_format': CASE WHEN plug.word ILIKE '%cable attached%' OR plug.word ILIKE 'chademo%' THEN 'cable'
                                        WHEN plug.word ILIKE '%outlet%' OR plug.type LIKE 'domestic%' THEN 'socket' END,
               'current_type': coalesce(plug.fixed, plug.facility.current_type),
               'power_kw': plug.facility.power_kw,
               'power_method': plug.facility.power_method,
               'voltage_v': plug.facility.voltage_v,
               'current_a': plug.facility.current_a}) AS connectors,
           CASE WHEN updated_text LIKE '2___-__-__T%Z' THEN TRY_CAST(updated_text AS TIMESTAMPTZ)
                ELSE instant_of(updated_text, CAST(getvariable('dataset_zone') AS VARCHAR)) END AS updated_at,
           CASE WHEN country_word IS NULL THEN CAST(getvariable('dataset_country') AS VARCHAR) ELSE country_of(country_word) END AS country_code
    FROM plugged
)
SELECT coalesce(evse_id, evse_id_raw) AS point_id,
       evse_id,
       evse_id_raw,
       CAST(NULL AS VARCHAR) AS publisher_point_id,
       coalesce(own_station_id, pool_id, evse_id_raw) AS station_id,
       pool_id AS site_id,
       operator_name,
       coalesce(CASE WHEN regexp_full_match(upper(operator_word), '[A-Z]{2}\*?[A-Z0-9]{3}') THEN replace(upper(operator_word), '*', '') END,
                operator_id_of(evse_id)) AS operator_id,
       country_code,
       latitude_deg, longitude_deg,
       street_address, postal_code, city,
       power_kw,
       list_filter(facilities, lambda m: m.power_kw = power_kw)[1].power_method AS power_method,
       coalesce(list_max(list_transform(connectors, lambda plug: plug.current_type)),
                list_max(list_transform(facilities, lambda m: m.current_type))) AS current_type,
       CAST(coalesce(len(connectors), 0) AS INTEGER) AS connector_count,
       list_sort(list_distinct(list_transform(connectors, lambda plug: plug.connector_type))) AS connector_types,
       access_of('oicp', access_word) AS access_type,
       is_open_24_7,
       CASE WHEN is_open_24_7 IS DISTINCT FROM true THEN opening_times END AS opening_hours,
       nullif(list_sort(list_distinct(list_transform(authentication_words, lambda word: authentication_of('oicp', word)))), []) AS authentication_methods,
       nullif(list_sort(list_distinct(list_transform(
           list_concat(payment_words, list_filter(authentication_words, lambda word: payment_of('oicp', word) IS NOT NULL)),
           lambda word: payment_of('oicp', word)))), []) AS payment_methods,
       CASE WHEN delta = 'delete' THEN 'removed' END AS lifecycle_status,
       CAST(NULL AS DATE) AS commissioned_on,
       updated_at,
       _file, _record, 1 AS _point,
       station_name,
       CASE WHEN pool_id IS NOT NULL THEN station_name END AS site_name,
       CAST(NULL AS DOUBLE) AS station_power_kw,
       coalesce(connectors, []) AS connectors,
       list_filter([
           CASE WHEN len(list_filter(connectors, lambda plug: plug.connector_type IS NULL)) > 0 THEN 'unmapped_connector_type' END,
           CASE WHEN len(list_filter(facilities, lambda m: m.is_unreadable)) > 0 THEN 'unreadable_power' END,
           CASE WHEN (latitude_deg IS NULL OR longitude_deg IS NULL) AND place_text <> '' THEN 'unreadable_coordinates' END,
           CASE WHEN latitude_deg = 0 AND longitude_deg = 0 THEN 'coordinates_zero'
                WHEN latitude_deg = longitude_deg THEN 'coordinates_copied' END,
           CASE WHEN country_word IS NOT NULL AND country_code IS NULL THEN 'unmapped_country' END,
           CASE WHEN access_word IS NOT NULL AND lower(access_word) <> 'unspecified' AND access_of('oicp', access_word) IS NULL THEN 'unmapped_accessibility' END,
           CASE WHEN len(list_filter(authentication_words, lambda word: clean(word) IS NOT NULL
                    AND authentication_of('oicp', word) IS NULL AND payment_of('oicp', word) IS NULL)) > 0
                THEN 'unmapped_authentication' END,
           CASE WHEN len(list_filter(payment_words, lambda word: clean(word) IS NOT NULL AND payment_of('oicp', word) IS NULL)) > 0
                THEN 'unmapped_payment' END,
           CASE WHEN updated_text IS NOT NULL AND updated_at IS NULL AND NOT is_local_time(updated_text)
                THEN 'unreadable_last_update' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM finished
