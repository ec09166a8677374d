-- DATEX II v3 energy infrastructure table (XML and AFIR JSON) to recharging points: one row per electric charging point.
-- Refill points of other energies (hydrogen, gas) are no recharging points: they have no row here, and the suite counts
-- them. What a point does not say of itself its station says, then its site: the nearest level counts.
-- Place: the point's coordinates before those for display, then the middle of a polygon's corners, last the entrance.
-- A place whose longitude is a copy of its latitude gives way to that of the site, and _fixes says so.
-- EVSE id: where the standard has it, else an identifier, the point's id or name that has the form of one and a known
-- country in front. Power is in W; 0 stands for a missing value. Voltage, current and mode give it where it is absent.
-- Watts too few to charge a vehicle with are kW: below 100 (alternating current), 1000 (direct) or 500 (not said), and at
-- least 1, unless voltage and current give as many W (prelude: is_kw_for_w). _fixes says so. A unit behind the number counts.
-- Connector types in any case, with a namespace's prefix, or in OCPI's words; what kind of current they give is theirs.
WITH words AS (
    SELECT _file, _record,
           getvariable('dataset_zone')::VARCHAR AS zone,
           point_id AS own_id, station_id, site_id,
           station_name, site_name,
           coalesce(point_evseId, CASE WHEN len(point_externalIdentifier) > 0
                         THEN list_filter(point_externalIdentifier, lambda x: lower(x.typeOfIdentifier) = 'evseid')[1].identifier END,
                    list_filter(list_transform(point_connector, lambda c: c.evseId), lambda id: id IS NOT NULL)[1]) AS said_evse_id,
           CASE WHEN len(point_externalIdentifier) > 0
                THEN list_filter(list_transform(point_externalIdentifier, lambda x: x.identifier), lambda id: is_evse_like(id))[1] END AS outer_evse_id,
           CASE WHEN is_evse_like(point_id) THEN point_id WHEN is_evse_like(point_name) THEN point_name END AS inner_evse_id,
           CASE WHEN point_pointByCoordinates IS NOT NULL THEN point_pointByCoordinates
                WHEN point_coordinatesForDisplay IS NOT NULL THEN point_coordinatesForDisplay
                WHEN station_pointByCoordinates IS NOT NULL THEN station_pointByCoordinates
                WHEN station_coordinatesForDisplay IS NOT NULL THEN station_coordinatesForDisplay
                WHEN station_posList IS NULL AND site_pointByCoordinates IS NOT NULL THEN site_pointByCoordinates
                WHEN station_posList IS NULL AND site_coordinatesForDisplay IS NOT NULL THEN site_coordinatesForDisplay
                WHEN coalesce(station_posList, site_posList) IS NULL
                THEN coalesce(site_entrance.pointByCoordinates, site_entrance.coordinatesForDisplay) END AS own_place,
           coalesce(site_pointByCoordinates, site_coordinatesForDisplay) AS site_place,
           list_transform(string_split(coalesce(station_posList, site_posList), ' '), lambda n: number_of(n)) AS corners,
           coalesce(point_address, station_address, site_address, site_entrance.address) AS address,
           CASE WHEN coalesce(point_operator.name, point_operator.legalName) IS NOT NULL THEN point_operator
                WHEN coalesce(station_operator.name, station_operator.legalName) IS NOT NULL THEN station_operator
                ELSE coalesce(site_operator, station_operator, point_operator) END AS operator,
           CASE WHEN point_operatingHours.type NOT IN ('UnknownOperatingHours', 'UndefinedOperatingHours') THEN point_operatingHours
                WHEN station_operatingHours.type NOT IN ('UnknownOperatingHours', 'UndefinedOperatingHours') THEN station_operatingHours
                ELSE site_operatingHours END AS hours,
           coalesce(point_lastUpdated, station_lastUpdated, site_lastUpdated) AS updated_text,
           publicationCreator_country, site_exclusiveUsers, station_totalMaximumPower,
           list_transform(point_connector, lambda c: {
               'said': c,
               'type': CASE WHEN c.connectorType IN ('iec62196T2', 'iec62196T2COMBO', 'chademo') THEN c.connectorType
                            ELSE coalesce(connector_type_of('datex2', regexp_replace(c.connectorType, '^.*:', '')),
                                          connector_type_of('ocpi', regexp_replace(c.connectorType, '^.*:', ''))) END,
               'format': lower(regexp_replace(c.connectorFormat, '^.*:', '')),
               'mode': lower(regexp_replace(c.chargingMode, '^.*:', '')),
               'watt': coalesce(number_of(c.maxPowerAtSocket), number_of(regexp_extract(c.maxPowerAtSocket, '(?i)^(.*[0-9])\s*k?w$', 1)) * CASE WHEN c.maxPowerAtSocket ILIKE '%kw' THEN 1000 ELSE 1 END),
               'voltage': number_of(c.voltage), 'ampere': number_of(c.maximumCurrent)}) AS plugs_said,
           list_transform(point_availableChargingPower, lambda w: coalesce(number_of(w), number_of(regexp_extract(w, '(?i)^(.*[0-9])\s*k?w$', 1)) * CASE WHEN w ILIKE '%kw' THEN 1000 ELSE 1 END)) AS available_w,
           coalesce(number_of(station_totalMaximumPower), number_of(regexp_extract(station_totalMaximumPower, '(?i)^(.*[0-9])\s*k?w$', 1)) * CASE WHEN station_totalMaximumPower ILIKE '%kw' THEN 1000 ELSE 1 END) AS station_w,
           regexp_replace(lower(point_currentType), '^(.*:)?(ac|dc)([ _-]?[0-9].*|.*phase.*)?$', '\2') AS said_current,
           CASE WHEN len(point_authenticationAndIdentificationMethods) > 0
                THEN list_concat(station_authenticationAndIdentificationMethods, point_authenticationAndIdentificationMethods)
                ELSE station_authenticationAndIdentificationMethods END AS authentication,
           list_filter(flatten([point_paymentMeans, station_paymentMeans, site_paymentMeans,
                                list_transform(point_energyRate, lambda rate: rate.ratePolicy),
                                list_transform(station_energyRate, lambda rate: rate.ratePolicy)]),
                       lambda word: word <> 'unknown') AS payment
    FROM decoded
    WHERE coalesce(point_type, '') IN ('', 'ElectricChargingPoint', 'RefillPoint') OR len(point_connector) > 0
),
plugs AS (
    SELECT words.*,
           list_transform(plugs_said, lambda c: {
               'id': c.said.id, 'type': c.type,
               'raw': coalesce(CASE WHEN c.type = 'other' THEN c.said.otherConnector END, c.said.connectorType),
               'format': CASE WHEN c.format IN ('cablemode2', 'cablemode3', 'othercable', 'cable') THEN 'cable'
                              WHEN c.format = 'socket' THEN 'socket' END,
               'current': CASE WHEN c.type IN ('iec62196T2COMBO', 'iec62196T1COMBO', 'chademo', 'mcs', 'gbtDc', 'pantographBottomUp', 'pantographTopDown')
                                    OR c.mode IN ('mode4dc', 'ccs') THEN 'DC'
                               WHEN c.mode LIKE 'mode_ac%' THEN 'AC'
                               WHEN c.type LIKE 'iec62196T%' OR c.type LIKE 'domestic%' OR c.type LIKE 'iec60309%'
                                    OR c.type IN ('cee3', 'cee5', 'yazaki', 'gbtAc') THEN 'AC'
                               WHEN said_current = 'dc' THEN 'DC' WHEN said_current = 'ac' THEN 'AC' END,
               'phases': CASE WHEN c.mode LIKE '%ac1p' THEN 1 WHEN c.mode LIKE '%ac3p' THEN 3 WHEN c.mode = 'mode4dc' THEN 1 END,
               'watt': c.watt, 'has_power': c.said.maxPowerAtSocket IS NOT NULL,
               'voltage': c.voltage, 'ampere': c.ampere,
               'problem': CASE WHEN c.type IS NULL AND c.said.connectorType IS NOT NULL THEN 'unmapped_connector_type'
                               WHEN c.format NOT IN ('cablemode2', 'cablemode3', 'othercable', 'cable', 'socket') THEN 'unmapped_connector_format'
                               WHEN c.said.maxPowerAtSocket IS NOT NULL AND c.watt IS NULL THEN 'unreadable_power'
                               WHEN c.said.voltage IS NOT NULL AND c.voltage IS NULL THEN 'unreadable_voltage'
                               WHEN c.said.maximumCurrent IS NOT NULL AND c.ampere IS NULL THEN 'unreadable_current' END
           }) AS sockets,
           CASE WHEN evse_id_of(said_evse_id) IS NOT NULL THEN said_evse_id ELSE coalesce(outer_evse_id, inner_evse_id, said_evse_id) END AS evse_id_raw,
           coalesce(country_of(address.countryCode), CASE WHEN address.countryCode IS NULL
                    THEN coalesce(country_of(publicationCreator_country), country_of(getvariable('dataset_country')::VARCHAR)) END) AS country,
           number_of(place.latitude) AS place_latitude, number_of(place.longitude) AS place_longitude,
           list_filter(address.addressLine, lambda line: line.text IS NOT NULL) AS lines,
           instant_of(updated_text, zone) AS updated_at,
           list_transform(list_filter(authentication, lambda word: word NOT IN ('unknown', 'other')), lambda word: authentication_of('datex2', word)) AS ways,
           list_transform(payment, lambda word: payment_of('datex2', word)) AS payments,
           list_transform(list_filter(site_exclusiveUsers, lambda word: word <> 'unknown'), lambda word: access_of('datex2', word)) AS users
    FROM (SELECT words.*, CASE WHEN is_copied THEN site_place ELSE own_place END AS place
          FROM (SELECT words.*, own_place.latitude = own_place.longitude AND site_place.latitude <> site_place.longitude AS is_copied FROM words) AS words) AS words
),
scaled AS (
    SELECT plugs.* EXCLUDE (sockets),
           list_transform(sockets, lambda s: struct_insert(s, is_in_kw := is_kw_for_w(s.watt, s.current, kw_from_electricity(s.voltage, s.ampere, s.phases)))) AS sockets,
           list_max(list_transform(available_w, lambda w: nullif(w, 0))) AS available_max_w
    FROM plugs
),
power AS (
    SELECT scaled.*,
           evse_id_of(evse_id_raw) AS evse_id,
           list_transform(sockets, lambda s: {
               'connector_id': s.id, 'connector_type': s.type, 'connector_type_raw': s.raw, 'connector_format': s.format, 'current_type': s.current,
               'power_kw': CASE WHEN s.is_in_kw THEN s.watt WHEN s.watt <> 0 THEN s.watt / 1000
                                WHEN s.watt = 0 OR NOT s.has_power THEN kw_from_electricity(s.voltage, s.ampere, s.phases) END,
               'power_method': CASE WHEN s.watt <> 0 THEN 'declared'
                                    WHEN (s.watt = 0 OR NOT s.has_power) AND kw_from_electricity(s.voltage, s.ampere, s.phases) IS NOT NULL THEN 'computed' END,
               'voltage_v': s.voltage, 'current_a': s.ampere}) AS connectors,
           available_max_w / CASE WHEN is_available_in_kw THEN 1 ELSE 1000 END AS available_kw,
           station_w / CASE WHEN is_station_in_kw THEN 1 ELSE 1000 END AS station_kw,
           -- Dirección: Calle Mayor 1 is a street, Provincia: Huelva is not
           list_filter(lines, lambda line: line.type = 'street')[1].text AS street,
           list_filter(lines, lambda line: line.type = 'houseNumber')[1].text AS house_number,
           list_transform(list_filter(lines, lambda line: line.type IS NULL OR line.type NOT IN ('street', 'houseNumber')), lambda line: line.text) AS free_lines
    FROM (SELECT scaled.*,
                 coalesce(available_max_w >= 1 AND available_max_w < CASE WHEN list_contains(list_transform(sockets, lambda s: s.current), 'DC') OR said_current = 'dc' THEN 1000
                     WHEN said_current = 'ac' OR len(sockets) > 0 THEN 100 ELSE 500 END, false) AS is_available_in_kw,
                 coalesce(station_w >= 1 AND (station_w < 500 OR (station_w < 5000 AND list_contains(list_transform(sockets, lambda s: s.is_in_kw), true))), false) AS is_station_in_kw
          FROM scaled) AS scaled
),
rows_read AS (
    SELECT power.*,
           list_max(list_transform(connectors, lambda c: c.power_kw)) AS socket_kw,
           coalesce(list_max(list_transform(sockets, lambda s: CASE WHEN s.is_in_kw THEN s.watt END)),
                    CASE WHEN is_available_in_kw THEN available_max_w END) AS kw_written,
           list_transform(connectors, lambda c: c.current_type) AS currents, list_transform(connectors, lambda c: c.connector_type) AS kinds,
           list_distinct(list_transform(sockets, lambda s: s.problem)) AS socket_problems,
           list_filter(list_concat([
               list_filter(free_lines, lambda line: regexp_matches(line, '(?i)^(direcci[oó]n|address|adresse|anschrift|morada|indirizzo|adres|osoite)\s*:'))[1],
               list_filter(free_lines, lambda line: NOT regexp_matches(line, '^[^:]{1,40}:\s'))[1]]::VARCHAR[], []), lambda line: line IS NOT NULL)[1] AS free_street,
           list_filter(free_lines, lambda line: regexp_matches(line, '(?i)^(municipio|localidad|concelho|localidade|city|town|ville|commune|ort|stadt|gemeente|plaats|comune|kunta)\s*:'))[1] AS free_city,
           list_filter(lines, lambda line: line.type = 'town')[1].text AS town,
           CASE WHEN country IN ('DE', 'ES', 'FI', 'FR', 'IT') AND regexp_full_match(address.postcode, '[0-9]{4}') THEN '0' || address.postcode END AS mended_postcode,
           CASE WHEN place IS NULL AND len(corners) % 2 = 0 AND list_position(corners, NULL) IS NULL THEN list_avg(list_filter(corners, lambda n, i: i % 2 = 1)) END AS middle_latitude,
           CASE WHEN place IS NULL AND len(corners) % 2 = 0 AND list_position(corners, NULL) IS NULL THEN list_avg(list_filter(corners, lambda n, i: i % 2 = 0)) END AS middle_longitude
    FROM power
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       coalesce(evse_id, own_id, evse_id_raw) AS point_id,
       evse_id,
       evse_id_raw,
       nullif(own_id, evse_id_raw) AS publisher_point_id,
       station_id,
       site_id,
       coalesce(operator.name, operator.legalName) AS operator_name,
       coalesce(
           CASE WHEN regexp_full_match(bare_evse_id(operator_code), '[A-Z]{2}[A-Z0-9]{3}') AND country_of(left(operator_code, 2)) IS NOT NULL THEN bare_evse_id(operator_code)
                WHEN regexp_full_match(bare_evse_id(operator_code), '[A-Z0-9]{3}') THEN country || bare_evse_id(operator_code) END,
           CASE WHEN regexp_full_match(upper(operator.id), '[A-Z]{2}[*-]?[A-Z0-9]{3}') AND country_of(left(operator.id, 2)) IS NOT NULL THEN bare_evse_id(operator.id) END,
           operator_id_of(evse_id)) AS operator_id,
       country AS country_code,
       coalesce(place_latitude, middle_latitude) AS latitude_deg,
       coalesce(place_longitude, middle_longitude) AS longitude_deg,
       coalesce(nullif(concat_ws(' ', street, house_number), ''), clean(regexp_replace(free_street, '^[^:]{1,40}:\s*', ''))) AS street_address,
       coalesce(mended_postcode, address.postcode) AS postal_code,
       coalesce(address.city, town, clean(regexp_replace(free_city, '^[^:]{1,40}:\s*', ''))) AS city,
       coalesce(socket_kw, available_kw) AS power_kw,
       CASE WHEN list_contains(list_transform(connectors, lambda c: CASE WHEN c.power_method = 'declared' THEN c.power_kw END), socket_kw) THEN 'declared'
            WHEN socket_kw IS NOT NULL THEN 'computed' WHEN available_kw IS NOT NULL THEN 'declared' END AS power_method,
       CASE WHEN list_contains(currents, 'DC') THEN 'DC'
            WHEN list_contains(currents, 'AC') THEN 'AC'
            WHEN said_current IN ('ac', 'dc') THEN upper(said_current) END AS current_type,
       CASE WHEN len(connectors) > 0 THEN CAST(len(connectors) AS INTEGER) END AS connector_count,
       CASE WHEN len(kinds) = 1 AND kinds[1] IS NOT NULL THEN kinds WHEN len(kinds) > 0 THEN list_sort(list_distinct(kinds)) END AS connector_types,
       CASE WHEN list_contains(users, 'public') THEN 'public' WHEN list_contains(users, 'restricted') THEN 'restricted'
            WHEN list_contains(users, 'private') THEN 'private' END AS access_type,
       CASE WHEN hours.type = 'OpenAllHours' OR hours.id = '24/7' OR hours.label = '24/7' THEN true
            WHEN list_contains(hours.overallPeriod, 'validPeriod') THEN
                 -- no day, or all seven; every time of day from midnight to midnight
                 list_filter(hours.overallPeriod, lambda part: part = 'exceptionPeriod' OR part LIKE 'recurring%'
                     OR (part LIKE 'applicable%' AND part NOT LIKE 'applicableDay=%')) = []
                 AND len(list_distinct(list_filter(hours.overallPeriod, lambda part: part LIKE 'applicableDay=%'))) IN (0, 7)
                 AND list_filter(hours.overallPeriod, lambda part: part LIKE 'startTimeOfPeriod=%') <> []
                 AND list_filter(hours.overallPeriod, lambda part: part LIKE 'startTimeOfPeriod=%' AND part NOT LIKE 'startTimeOfPeriod=00:00%') = []
                 AND list_filter(hours.overallPeriod, lambda part: part LIKE 'endTimeOfPeriod=%') <> []
                 AND list_filter(hours.overallPeriod, lambda part: part LIKE 'endTimeOfPeriod=%'
                     AND NOT regexp_matches(part, '^endTimeOfPeriod=(23:59|24:00|00:00)')) = [] END AS is_open_24_7,
       CASE WHEN hours.type = 'OpenAllHours' OR hours.id = '24/7' THEN '24/7' ELSE coalesce(hours.label, nullif(array_to_string(hours.overallPeriod, '; '), '')) END AS opening_hours,
       CASE WHEN len(ways) = 1 AND ways[1] IS NOT NULL THEN ways WHEN len(ways) > 0 THEN list_sort(list_distinct(ways)) END AS authentication_methods,
       CASE WHEN len(payments) = 1 AND payments[1] IS NOT NULL THEN payments WHEN len(payments) > 0 THEN list_sort(list_distinct(payments)) END AS payment_methods,
       CASE WHEN truth_of(hours.permananentlyClosed) THEN 'removed' WHEN truth_of(hours.temporarilyClosed) THEN 'out_of_service' END AS lifecycle_status,
       CAST(NULL AS DATE) AS commissioned_on,
       updated_at,
       station_name,
       site_name,
       station_kw AS station_power_kw,
       connectors,
       list_concat(socket_problems, list_filter([
           CASE WHEN list_position(available_w, NULL) > 0 OR (station_totalMaximumPower IS NOT NULL AND station_w IS NULL) THEN 'unreadable_power' END,
           CASE WHEN place IS NULL AND len(corners) > 0 AND middle_latitude IS NULL THEN 'unreadable_coordinates' END,
           CASE WHEN said_current NOT IN ('ac', 'dc') THEN 'unmapped_current_type' END,
           CASE WHEN list_position(ways, NULL) > 0 THEN 'unmapped_authentication' END,
           CASE WHEN list_position(payments, NULL) > 0 THEN 'unmapped_payment' END,
           CASE WHEN list_position(users, NULL) > 0 THEN 'unmapped_users' END,
           CASE WHEN country IS NULL AND coalesce(address.countryCode, publicationCreator_country) IS NOT NULL THEN 'unmapped_country' END,
           CASE WHEN coalesce(place.latitude, place.longitude) IS NOT NULL AND (place_latitude IS NULL OR place_longitude IS NULL) THEN 'unreadable_coordinates' END,
           CASE WHEN updated_text IS NOT NULL AND updated_at IS NULL THEN
                CASE WHEN NOT is_local_time(updated_text) THEN 'unreadable_time' ELSE 'time_without_zone' END END
       ], lambda reason: reason IS NOT NULL)) AS _problems,
       list_filter([
           CASE WHEN mended_postcode IS NOT NULL THEN {'field': 'postal_code', 'was': address.postcode, 'now': mended_postcode,
                'why': 'postal codes of this country have five digits: a leading zero was lost'} END,
           CASE WHEN is_copied THEN {'field': 'longitude_deg', 'was': own_place.longitude, 'now': site_place.longitude,
                'why': 'the longitude was a copy of the latitude: the place of the site is taken'} END,
           CASE WHEN list_contains(list_transform(sockets, lambda s: s.watt), 0) THEN {'field': 'connectors.power_kw', 'was': '0',
                'now': NULL, 'why': '0 W stands for a missing value'} END,
           CASE WHEN kw_written IS NOT NULL OR is_station_in_kw THEN
                {'field': CASE WHEN kw_written IS NOT NULL THEN 'power_kw' ELSE 'station_power_kw' END,
                 'was': CAST(coalesce(kw_written, station_w) / 1000 AS VARCHAR), 'now': CAST(coalesce(kw_written, station_w) AS VARCHAR),
                 'why': 'no vehicle is charged with so few watts: the publisher writes kW'} END
       ], lambda fix: fix IS NOT NULL) AS _fixes
FROM (SELECT rows_read.*, coalesce(operator.operatorId, list_filter(operator.externalIdentifier, lambda x: lower(x.typeOfIdentifier) = 'operatorid')[1].identifier) AS operator_code
      FROM rows_read)
