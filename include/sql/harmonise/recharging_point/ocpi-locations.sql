-- OCPI locations (2.1.1 to 2.3) to recharging points: one row per EVSE. A location without EVSEs keeps one row, so that
-- every record is accounted for. What is decided here and why: docs/real-data/json-formats.md.
WITH location AS (
    SELECT _file, _record, _odd, evses,
           clean(id) AS location_id,
           clean(name) AS location_name,
           clean(operator.name) AS operator_name,
           CASE WHEN length(clean(country_code) || clean(party_id)) = 5 THEN upper(clean(country_code) || clean(party_id)) END AS party,
           -- the place's own country first; country_code is where the operator is registered, and stands in where the
           -- place has none or a name for it, not where it has a code that is no country's
           CASE WHEN length(clean(country)) <= 3 THEN country_of(country)
                WHEN clean(country) IS NULL AND clean(country_code) IS NULL THEN CAST(getvariable('dataset_country') AS VARCHAR)
                ELSE coalesce(country_of(country), country_of(country_code)) END AS country_code,
           coalesce(clean(country), clean(country_code)) AS country_word,
           number_of(coordinates.latitude) AS place_latitude,
           number_of(coordinates.longitude) AS place_longitude,
           concat_ws(' ', coordinates.latitude, coordinates.longitude) AS place_text,
           clean(address) AS street_address, clean(postal_code) AS postal_code, clean(city) AS city,
           CASE WHEN publish IN ('true', 'false') THEN publish WHEN clean(publish) IS NULL THEN NULL
                WHEN truth_of(publish) THEN 'true' ELSE 'false' END AS publish,
           known_zone AS time_zone,
           CASE WHEN last_updated NOT LIKE '0001-01-01%' THEN clean(last_updated) END AS location_updated,   -- the zero of a computer clock
           CASE WHEN opening_times LIKE '{%' THEN lower(json_extract_string(opening_times, '$.twentyfourseven')) = 'true' END AS said_24_7,
           -- some say no, and then list all seven days from midnight to midnight
           CASE WHEN said_24_7 = false AND opening_times LIKE '%"weekday"%' AND NOT opening_times LIKE '%"exceptional_closings":[{%'
                THEN len(list_distinct(regexp_extract_all(opening_times, '"weekday"\s*:\s*"?([1-7])', 1))) = 7
                     AND len(regexp_extract_all(opening_times, '"period_begin"')) = len(regexp_extract_all(opening_times, '"period_begin"\s*:\s*"0?0:00'))
                     AND len(regexp_extract_all(opening_times, '"period_end"')) = len(regexp_extract_all(opening_times, '"period_end"\s*:\s*"(23:59|24:00|0?0:00)'))
                ELSE said_24_7 END AS is_open_24_7,
           nullif(nullif(clean(opening_times), '{}'), '[]') AS opening_times
    FROM decoded
    -- a zone that no one knows ("Germany") is none
    LEFT JOIN (SELECT DISTINCT name AS known_zone FROM pg_timezone_names()) ON known_zone = trim(time_zone)
),
evse_of_location AS (
    SELECT * EXCLUDE (evses),
           unnest(CASE WHEN len(evses) > 0 THEN evses ELSE [NULL] END) AS evse,
           unnest(range(1, greatest(coalesce(len(evses), 0), 1) + 1)) AS point_number
    FROM location
),
plugged AS (
    SELECT * EXCLUDE (evse),
           coalesce(nullif(clean(evse.uid), '-'), clean(evse.id)) AS uid,
           clean(evse.evse_id) AS evse_id_raw,
           evse_id_of(evse.evse_id) AS evse_id_shaped,
           evse IS NULL AS no_evse,
           status_of('ocpi', evse.status) AS status,
           upper(trim(evse.status)) = 'INOPERATIVE' AS is_inoperative,
           coalesce(CASE WHEN evse.last_updated NOT LIKE '0001-01-01%' THEN clean(evse.last_updated) END, location_updated) AS updated_text,
           number_of(evse.coordinates.latitude) AS own_latitude,
           number_of(evse.coordinates.longitude) AS own_longitude,
           concat_ws(' ', evse.coordinates.latitude, evse.coordinates.longitude) AS own_text,
           evse.capabilities AS capabilities,
           evse.parking_restrictions AS parking_restrictions,
           list_transform(evse.connectors, lambda plug: {
               'id': nullif(plug.id, ''),
               'standard': nullif(plug.standard, ''),
               'type': connector_type_of('ocpi', plug.standard),
               'format': lower(plug.format),
               'power_type': nullif(upper(trim(plug.power_type)), ''),
               'voltage_text': coalesce(nullif(plug.max_voltage, ''), nullif(plug.voltage, '')),
               'current_text': coalesce(nullif(plug.max_amperage, ''), nullif(plug.amperage, '')),
               'power_text': nullif(plug.max_electric_power, '')}) AS plugs
    FROM evse_of_location
),
measured AS (
    SELECT * EXCLUDE (plugs),
           list_transform(plugs, lambda plug: {
               'plug': plug,
               'voltage_v': coalesce(TRY_CAST(plug.voltage_text AS DECIMAL(18, 4)), number_of(plug.voltage_text)),
               'current_a': coalesce(TRY_CAST(plug.current_text AS DECIMAL(18, 4)), number_of(plug.current_text)),
               'power_w': coalesce(TRY_CAST(plug.power_text AS DECIMAL(18, 4)), number_of(plug.power_text)),
               'stated': CASE WHEN plug.power_type = 'DC' THEN 'DC' WHEN plug.power_type LIKE 'AC%' THEN 'AC' END,
               -- what the connector can do: CCS, CHAdeMO and the like give direct current only, household and
               -- industrial sockets alternating current only; Type 2 does both
               'current': CASE WHEN plug.type IN ('iec62196T2COMBO', 'iec62196T1COMBO', 'chademo', 'gbtDc', 'mcs',
                                                  'pantographBottomUp', 'pantographTopDown') THEN 'DC'
                               WHEN plug.type LIKE 'domestic%' OR plug.type LIKE 'iec60309%' OR plug.type LIKE 'nema%'
                                    OR plug.type IN ('iec62196T1', 'iec62196T3A', 'iec62196T3C', 'gbtAc') THEN 'AC' END,
               'phases': CASE plug.power_type WHEN 'AC_3_PHASE' THEN 3 WHEN 'DC' THEN 1 WHEN 'AC_1_PHASE' THEN 1
                                              WHEN 'AC_2_PHASE' THEN 2 WHEN 'AC_2_PHASE_SPLIT' THEN 2 END}) AS plugs
    FROM plugged
),
judged AS (
    SELECT * EXCLUDE (plugs),
           list_transform(plugs, lambda m: {
               'plug': m.plug, 'voltage_v': m.voltage_v, 'current_a': m.current_a, 'power_w': m.power_w,
               'stated': m.stated, 'is_unmapped': m.phases IS NULL AND m.plug.power_type <> 'AC',
               'current_type': coalesce(m.current, m.stated),
               -- alternating current: at most 125 A (IEC 60309), on 100 to 1000 V, and volts never equal amperes; nor
               -- do they where the power type was not known either
               'is_implausible': CASE WHEN coalesce(m.power_w, 0) = 0 AND m.voltage_v > 0 AND m.current_a > 0
                                      THEN (coalesce(m.current, m.stated) = 'AC' AND (m.current_a > 125 OR m.voltage_v NOT BETWEEN 100 AND 1000))
                                           OR (m.voltage_v = m.current_a AND coalesce(m.stated, 'AC') = 'AC')
                                      ELSE false END,
               'computed_kw': CASE WHEN coalesce(m.current, m.stated) = 'DC' THEN kw_from_electricity(m.voltage_v, m.current_a, 1)
                                   WHEN m.stated = 'AC' THEN kw_from_electricity(m.voltage_v, m.current_a, m.phases) END}) AS plugs
    FROM measured
),
scaled AS (
    SELECT * EXCLUDE (plugs),
           list_transform(plugs, lambda m: struct_insert(m, is_in_kw := is_kw_for_w(m.power_w, m.current_type, m.computed_kw))) AS plugs
    FROM judged
),
powered AS (
    SELECT * EXCLUDE (plugs),
           list_max(list_transform(plugs, lambda m: CASE WHEN m.is_in_kw THEN m.power_w END)) AS kw_written,
           list_contains(list_transform(plugs, lambda m: m.is_in_kw AND m.computed_kw BETWEEN m.power_w / 2 AND m.power_w * 8), true) AS is_kw_measured,
           list_transform(plugs, lambda m: {
               'connector_id': m.plug.id,
               'connector_type': m.plug.type,
               'connector_type_raw': m.plug.standard,
               'connector_format': m.plug.format,
               'current_type': m.current_type,
               'power_kw': CASE WHEN m.is_in_kw THEN m.power_w
                                WHEN m.power_w <> 0 THEN m.power_w / 1000
                                WHEN m.is_implausible THEN NULL
                                ELSE m.computed_kw END,
               'power_method': CASE WHEN m.power_w <> 0 THEN 'declared'
                                    WHEN m.computed_kw IS NOT NULL AND NOT m.is_implausible THEN 'computed' END,
               'voltage_v': CASE WHEN m.voltage_v > 0 THEN m.voltage_v END,
               'current_a': CASE WHEN m.current_a > 0 THEN m.current_a END}) AS connectors,
           -- what is wrong with any of the connectors, a bit for each: 1 unmapped type, 2 unmapped power type,
           -- 4 unreadable power, 8 implausible, 16 impossible current type, 32 kW for W, 64 zero power
           coalesce(list_bit_or(list_transform(plugs, lambda m:
               CASE WHEN m.plug.type IS NULL AND m.plug.standard IS NOT NULL THEN 1 ELSE 0 END
               + CASE WHEN m.is_unmapped THEN 2 ELSE 0 END
               + CASE WHEN m.power_w < 0 OR m.voltage_v < 0 OR m.current_a < 0
                        OR (m.power_w IS NULL AND m.plug.power_text IS NOT NULL)
                        OR (m.voltage_v IS NULL AND m.plug.voltage_text IS NOT NULL)
                        OR (m.current_a IS NULL AND m.plug.current_text IS NOT NULL) THEN 4 ELSE 0 END
               + CASE WHEN m.is_implausible THEN 8 ELSE 0 END
               + CASE WHEN m.stated <> m.current_type THEN 16 ELSE 0 END
               + CASE WHEN m.is_in_kw THEN 32 ELSE 0 END
               + CASE WHEN m.power_w = 0 THEN 64 ELSE 0 END)), 0) AS wrong
    FROM scaled
),
point AS (
    SELECT *,
           -- three letters of an id that merely begins like one ("EVSE-1e..") are no country
           CASE WHEN country_of(left(evse_id_shaped, 2)) IS NOT NULL OR regexp_matches(evse_id_raw, '^(\+|[0-9]{1,3}\*)')
                THEN evse_id_shaped END AS evse_id,
           own_latitude IS NOT NULL AND own_longitude IS NOT NULL AND own_latitude <> own_longitude AS is_own_place,
           CASE WHEN updated_text LIKE '2___-__-__T%Z' THEN TRY_CAST(updated_text AS TIMESTAMPTZ)
                WHEN updated_text LIKE '2___-__-__T%' AND CAST(getvariable('dataset_zone') AS VARCHAR) IS NULL AND NOT regexp_matches(updated_text, '[+-][0-9:]{2,5}$')
                    THEN TRY_CAST(updated_text || 'Z' AS TIMESTAMPTZ)  -- OCPI: without a designator it is UTC
                ELSE coalesce(instant_of(updated_text, time_zone), instant_of(updated_text, CAST(getvariable('dataset_zone') AS VARCHAR)))
                END AS updated_at,
           list_max(list_transform(connectors, lambda plug: CASE WHEN plug.power_method = 'declared' THEN plug.power_kw END)) AS declared_kw,
           list_max(list_transform(connectors, lambda plug: CASE WHEN plug.power_method = 'computed' THEN plug.power_kw END)) AS computed_kw
    FROM powered
),
finished AS (
    SELECT *,
           CASE WHEN is_own_place THEN own_latitude ELSE place_latitude END AS latitude_deg,
           CASE WHEN is_own_place THEN own_longitude ELSE place_longitude END AS longitude_deg
    FROM point
)
SELECT coalesce(evse_id, CASE WHEN length(coalesce(uid, evse_id_raw)) < 4 THEN location_id || '*' || coalesce(uid, evse_id_raw) ELSE coalesce(uid, evse_id_raw) END) AS point_id,
       evse_id,
       evse_id_raw,
       nullif(uid, evse_id_raw) AS publisher_point_id,
       location_id AS station_id,
       location_id AS site_id,
       operator_name,
       coalesce(party, operator_id_of(evse_id)) AS operator_id,
       country_code,
       latitude_deg,
       longitude_deg,
       street_address, postal_code, city,
       CASE WHEN computed_kw > declared_kw OR declared_kw IS NULL THEN computed_kw ELSE declared_kw END AS power_kw,
       CASE WHEN computed_kw > declared_kw OR declared_kw IS NULL THEN CASE WHEN computed_kw IS NOT NULL THEN 'computed' END
            ELSE 'declared' END AS power_method,
       list_max(list_transform(connectors, lambda plug: plug.current_type)) AS current_type,  -- DC where any gives DC
       CASE WHEN NOT no_evse THEN CAST(coalesce(len(connectors), 0) AS INTEGER) END AS connector_count,
       CASE WHEN len(connectors) = 1 AND connectors[1].connector_type IS NOT NULL THEN [connectors[1].connector_type]
            ELSE list_sort(list_distinct(list_transform(connectors, lambda plug: plug.connector_type))) END AS connector_types,
       coalesce(list_max(list_transform(parking_restrictions, lambda word: access_of('ocpi', word))),
                CASE WHEN publish = 'true' THEN 'public' END) AS access_type,
       is_open_24_7,
       CASE WHEN is_open_24_7 IS DISTINCT FROM true THEN opening_times END AS opening_hours,
       nullif(list_sort(list_distinct(list_transform(capabilities, lambda word: authentication_of('ocpi', word)))), []) AS authentication_methods,
       nullif(list_sort(list_distinct(list_transform(capabilities, lambda word: payment_of('ocpi', word)))), []) AS payment_methods,
       CASE WHEN status IN ('planned', 'removed') THEN status WHEN is_inoperative THEN 'out_of_service'
            WHEN status <> 'unknown' THEN 'operational' END AS lifecycle_status,
       CAST(NULL AS DATE) AS commissioned_on,
       updated_at,
       _file, _record, CAST(point_number AS INTEGER) AS _point,
       location_name AS station_name,
       location_name AS site_name,
       CAST(NULL AS DOUBLE) AS station_power_kw,
       coalesce(connectors, []) AS connectors,
       CASE WHEN no_evse OR wrong & 15 <> 0 OR publish = 'false' OR latitude_deg IS NULL OR longitude_deg IS NULL OR latitude_deg = longitude_deg
                 OR country_code IS NULL OR updated_at IS NULL
            THEN list_filter([
                CASE WHEN no_evse THEN 'location_without_evse' END,
                CASE WHEN wrong & 1 <> 0 THEN 'unmapped_connector_type' END,
                CASE WHEN wrong & 2 <> 0 THEN 'unmapped_power_type' END,
                CASE WHEN wrong & 4 <> 0 THEN 'unreadable_power' END,
                CASE WHEN wrong & 8 <> 0 THEN 'implausible_electricity' END,
                CASE WHEN publish = 'false' THEN 'not_to_be_published' END,
                CASE WHEN (latitude_deg IS NULL OR longitude_deg IS NULL) AND place_text || own_text <> '' THEN 'unreadable_coordinates' END,
                CASE WHEN latitude_deg = 0 AND longitude_deg = 0 THEN 'coordinates_zero'
                     WHEN latitude_deg = longitude_deg THEN 'coordinates_copied' END,
                CASE WHEN country_code IS NULL AND country_word IS NOT NULL THEN 'unmapped_country' END,
                CASE WHEN updated_at IS NULL AND updated_text IS NOT NULL AND NOT is_local_time(updated_text)
                     THEN 'unreadable_last_updated' END
            ], lambda reason: reason IS NOT NULL)
            ELSE [] END AS _problems,
       CASE WHEN wrong & 112 <> 0 OR (is_own_place AND place_latitude = place_longitude)
            THEN list_filter([
                CASE WHEN is_own_place AND place_latitude = place_longitude THEN
                    {'field': 'longitude_deg', 'was': CAST(place_longitude AS VARCHAR), 'now': CAST(own_longitude AS VARCHAR),
                     'why': 'the location repeats its latitude as longitude; its EVSE gives both'} END,
                CASE WHEN wrong & 16 <> 0 THEN
                    {'field': 'current_type', 'was': 'as published', 'now': 'as the connector gives',
                     'why': 'CCS and CHAdeMO give direct current only, household and industrial sockets alternating current only'} END,
                CASE WHEN wrong & 32 <> 0 THEN
                    {'field': 'power_kw', 'was': CAST(CAST(kw_written AS DOUBLE) / 1000 AS VARCHAR), 'now': CAST(CAST(kw_written AS DOUBLE) AS VARCHAR),
                     'why': CASE WHEN is_kw_measured THEN 'max_electric_power is in kW: voltage and current give as many kW'
                                 ELSE 'no vehicle is charged with so few watts: the publisher writes kW' END} END,
                CASE WHEN wrong & 64 <> 0 THEN
                    {'field': 'power_kw', 'was': '0', 'now': CAST(coalesce(declared_kw, computed_kw) AS VARCHAR),
                     'why': 'zero watts stands for not known'} END
            ], lambda fix: fix IS NOT NULL)
            ELSE [] END AS _fixes
FROM finished
