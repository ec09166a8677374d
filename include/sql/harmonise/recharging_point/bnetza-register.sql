-- BNetzA Ladesäulenregister, every layout since 2017, to recharging points. A record is a charging device; it gives as
-- many rows as it has points (Anzahl Ladepunkte). The groups of columns (Steckertypen1 …) describe the points in order.
-- More groups than points: the last point has the plugs of the groups that are left, for a point may have several plugs
-- of which one is used at a time. Fewer: the points that are left have no plugs and no power, for nothing is said.
-- Several plugs in a group ("AC Typ 2 Steckdose; AC Schuko") are connectors of one point. Powers pair with them by
-- position; one power is that of each. The point's power is the greatest; of a device with one point it may be the
-- device's. Power of 0 stands for a missing value: null, and said in _fixes.
-- Station: the publisher's id of the device. Layouts before 2025 have none: made from what identifies a device, and
-- numbered where several devices are described alike (the register lists each device, so like rows are several).
-- EVSE id: where a cell holds two, or two points of a device the same, it names no point; nor does a
-- bare number, which is a device's serial number. The text stays in evse_id_raw.
-- Access: the register holds what is open to the public by law (Ladesäulenverordnung); parking may be for customers.
WITH devices AS (
    SELECT _file, _record,
           clean(ladeeinrichtungs_id) AS device_id, clean(betreiber) AS betreiber, clean(standortbezeichnung) AS standortbezeichnung,
           clean(status) AS status_text, clean(anzahl_ladepunkte) AS count_text, number_of(anzahl_ladepunkte) AS count_number,
           said(nennleistung_ladeeinrichtung) AS device_power_text,
           number_of(replace(lower(nennleistung_ladeeinrichtung), 'kw', '')) AS device_number_kw,
           said(inbetriebnahmedatum) AS date_text,
           coalesce(bool_or(regexp_matches(inbetriebnahmedatum, '^\s*(1[3-9]|2[0-9]|3[01])/')) OVER (PARTITION BY _file), false) AS is_day_first,
           -- a house number of 0 is the form's filler
           nullif(concat_ws(' ', clean(strasse), nullif(clean(hausnummer), '0')), '') AS street, clean(standort) AS standort,
           clean(postleitzahl) AS postleitzahl, clean(ort) AS ort, clean(postleitzahl_ort) AS postleitzahl_ort,
           clean(breitengrad) AS latitude_text, clean(laengengrad) AS longitude_text,
           clean(parkraum) AS parkraum, clean(oeffnungszeiten) AS oeffnungszeiten, clean(wochentage) AS wochentage, clean(tageszeiten) AS tageszeiten,
           list_filter(list_transform(string_split(bezahlsysteme, ';'), lambda word: clean(word)),
                       lambda word: lower(word) NOT IN ('keine angabe', 'unbekannt', '-')) AS ways_to_pay,
           [
           {'plugs': clean(steckertypen1), 'power': said(nennleistung_stecker1), 'evse': clean(evse_id1)},
           {'plugs': clean(steckertypen2), 'power': said(nennleistung_stecker2), 'evse': clean(evse_id2)},
           {'plugs': clean(steckertypen3), 'power': said(nennleistung_stecker3), 'evse': clean(evse_id3)},
           {'plugs': clean(steckertypen4), 'power': said(nennleistung_stecker4), 'evse': clean(evse_id4)},
           {'plugs': clean(steckertypen5), 'power': said(nennleistung_stecker5), 'evse': clean(evse_id5)},
           {'plugs': clean(steckertypen6), 'power': said(nennleistung_stecker6), 'evse': clean(evse_id6)},
           {'plugs': clean(steckertypen7), 'power': said(nennleistung_stecker7), 'evse': clean(evse_id7)},
           {'plugs': clean(steckertypen8), 'power': said(nennleistung_stecker8), 'evse': clean(evse_id8)},
           {'plugs': clean(steckertypen9), 'power': said(nennleistung_stecker9), 'evse': clean(evse_id9)},
           {'plugs': clean(steckertypen10), 'power': said(nennleistung_stecker10), 'evse': clean(evse_id10)},
           {'plugs': clean(steckertypen11), 'power': said(nennleistung_stecker11), 'evse': clean(evse_id11)},
           {'plugs': clean(steckertypen12), 'power': said(nennleistung_stecker12), 'evse': clean(evse_id12)}] AS columns_of_groups
    FROM decoded
),
groups_read AS (
    SELECT devices.*,
           list_transform(list_filter(columns_of_groups, lambda part: part.plugs IS NOT NULL OR part.evse IS NOT NULL OR number_of(part.power) <> 0),
               lambda part: {
                   'words': list_filter(list_transform(regexp_split_to_array(part.plugs, '[;,\r\n]+'), lambda word: clean(regexp_replace(word, '\s+', ' ', 'g'))),
                                        lambda word: word IS NOT NULL),
                   'powers': list_transform(regexp_split_to_array(replace(lower(part.power), 'kw', ''), ' *[;\r\n]+ *|, +'), lambda text: clean(text)),
                   'evse_raw': part.evse,
                   'evse_words': list_filter(regexp_split_to_array(part.evse, '[\s;,]+'), lambda word: word <> '')}) AS groups,
           CASE WHEN regexp_matches(date_text, '^[12]\d{3}-\d\d-\d\d') THEN TRY_CAST(left(date_text, 10) AS DATE)
                -- slashes: an export in the American order, unless a day of the file cannot be a month
                WHEN is_day_first THEN day_first_of(date_text)
                WHEN regexp_full_match(date_text, '\d{1,2}/\d{1,2}/[12]\d{3}') THEN TRY_CAST(try_strptime(date_text, '%m/%d/%Y') AS DATE)
                WHEN regexp_full_match(date_text, '\d{1,2}/\d{1,2}/\d{2}') THEN TRY_CAST(try_strptime(date_text, '%m/%d/%y') AS DATE)
                ELSE day_first_of(date_text) END AS commissioned_on,
           md5(concat_ws('|', betreiber, street, standort, postleitzahl, ort, postleitzahl_ort, latitude_text, longitude_text, date_text, device_power_text)) AS likeness
    FROM devices
),
counted AS (
    SELECT groups_read.*,
           CASE WHEN count_number BETWEEN 1 AND 100 AND count_number = floor(count_number) THEN CAST(count_number AS INTEGER)
                ELSE greatest(len(groups), 1) END AS point_count,
           coalesce(device_id, 'made:' || left(likeness, 16) || '-' || row_number() OVER (PARTITION BY device_id, likeness ORDER BY _file, _record)) AS station_id
    FROM groups_read
),
points AS (
    SELECT counted.*, CAST(unnest(range(1, point_count + 1)) AS INTEGER) AS point_no FROM counted
),
parts AS (
    SELECT points.*,
           groups[point_no : CASE WHEN point_no = point_count THEN greatest(len(groups), point_no) ELSE point_no END] AS own
    FROM points
),
read AS (
    SELECT parts.*,
           flatten(list_transform(own, lambda part: list_transform(part.powers, lambda text: {'text': text, 'number': number_of(text)}))) AS powers,
           flatten(list_transform(own, lambda part: list_transform(part.words, lambda word, place: {
               'word': word, 'kind': connector_type_of('bnetza', word),
               'kw': number_of(CASE WHEN len(part.powers) = 1 THEN part.powers[1] ELSE part.powers[place] END)}))) AS plugs,
           array_to_string(list_transform(own, lambda part: part.evse_raw), ' ') AS evse_text,
           CASE WHEN len(flatten(list_transform(own, lambda part: list_filter(part.evse_words, lambda word: evse_id_of(word) IS NOT NULL)))) <= 1
                 AND NOT regexp_full_match(own[1].evse_raw, '[0-9 ]+')   -- a serial number
                THEN evse_id_of(own[1].evse_raw) END AS evse_id,
           list_transform(groups, lambda part: evse_id_of(part.evse_raw)) AS evse_ids
    FROM parts
),
valued AS (
    SELECT read.*,
           list_max(list_transform(powers, lambda power: CASE WHEN power.number <> 0 THEN power.number END)) AS own_kw,
           len(list_filter(powers, lambda power: power.text IS NOT NULL AND power.number IS NULL)) > 0 AS is_power_unread,
           len(list_filter(powers, lambda power: power.number = 0)) > 0 AS is_power_zero,
           CASE WHEN device_number_kw <> 0 THEN device_number_kw END AS device_kw,
           list_filter(ways_to_pay, lambda word: payment_of('bnetza', word) IS NULL AND authentication_of('bnetza', word) IS NULL) AS unknown_ways
    FROM read
)
SELECT _file, _record, point_no AS _point,
       CASE WHEN evse_id IS NOT NULL AND len(list_filter(evse_ids, lambda id: id = evse_id)) = 1 THEN evse_id
            ELSE station_id || '#' || point_no END AS point_id,
       evse_id,
       nullif(evse_text, '') AS evse_id_raw,
       CAST(NULL AS VARCHAR) AS publisher_point_id,
       station_id,
       CAST(NULL AS VARCHAR) AS site_id,
       betreiber AS operator_name,
       operator_id_of(evse_id) AS operator_id,
       coalesce(CAST(getvariable('dataset_country') AS VARCHAR), 'DE') AS country_code,   -- a national register
       number_of(latitude_text) AS latitude_deg,
       number_of(longitude_text) AS longitude_deg,
       -- 2017: street, postal code and town in one cell
       coalesce(street, nullif(regexp_extract(standort, '^(.*?),?\s*\b\d{5}\b,?\s+(.*)$', 1), ''), standort) AS street_address,
       coalesce(postleitzahl, nullif(regexp_extract(postleitzahl_ort, '^(\d{4,5})\s', 1), ''), nullif(regexp_extract(standort, '\b(\d{5})\b,?\s+[^\d]*$', 1), '')) AS postal_code,
       coalesce(ort, nullif(regexp_extract(postleitzahl_ort, '^\d{4,5}\s+(.*)$', 1), ''), nullif(regexp_extract(standort, '\b\d{5}\b,?\s+([^\d]*)$', 1), '')) AS city,
       coalesce(own_kw, CASE WHEN point_count = 1 THEN device_kw END) AS power_kw,
       CASE WHEN coalesce(own_kw, CASE WHEN point_count = 1 THEN device_kw END) IS NOT NULL THEN 'declared' END AS power_method,
       CASE WHEN len(list_filter(plugs, lambda plug: plug.word ILIKE 'DC%' OR plug.kind IN ('chademo', 'iec62196T2COMBO', 'iec62196T1COMBO', 'mcs'))) > 0 THEN 'DC'
            WHEN len(list_filter(plugs, lambda plug: plug.kind NOT IN ('other', 'saeJ3400'))) > 0 THEN 'AC' END AS current_type,
       CASE WHEN len(plugs) > 0 THEN CAST(len(plugs) AS INTEGER) END AS connector_count,
       CASE WHEN len(plugs) > 0 THEN list_sort(list_distinct(list_transform(plugs, lambda plug: plug.kind))) END AS connector_types,
       coalesce(access_of('bnetza', parkraum), 'public') AS access_type,
       CASE WHEN oeffnungszeiten IN ('247', '24/7') THEN true WHEN lower(oeffnungszeiten) = 'eingeschränkt' THEN false END AS is_open_24_7,
       CASE WHEN lower(oeffnungszeiten) <> 'keine angabe' THEN concat_ws(' | ', oeffnungszeiten, wochentage, tageszeiten) END AS opening_hours,
       list_sort(list_distinct(list_filter(list_transform(ways_to_pay, lambda word: authentication_of('bnetza', word)), lambda way: way IS NOT NULL))) AS authentication_methods,
       list_sort(list_distinct(list_transform(ways_to_pay, lambda word: coalesce(payment_of('bnetza', word), 'other')))) AS payment_methods,
       status_of('bnetza', status_text) AS lifecycle_status,
       commissioned_on,
       CAST(NULL AS TIMESTAMPTZ) AS updated_at,
       standortbezeichnung AS station_name,
       CAST(NULL AS VARCHAR) AS site_name,
       device_kw AS station_power_kw,
       list_transform(plugs, lambda plug: {
           'connector_id': CAST(NULL AS VARCHAR), 'connector_type': plug.kind, 'connector_type_raw': plug.word,
           'connector_format': CASE WHEN plug.word ILIKE '%steckdose%' OR plug.kind IN ('domesticF', 'cee3', 'cee5') THEN 'socket'
                                    WHEN plug.word ILIKE '%kupplung%' OR plug.kind IN ('chademo', 'iec62196T2COMBO', 'iec62196T1COMBO', 'mcs') THEN 'cable' END,
           'current_type': CASE WHEN plug.word ILIKE 'DC%' OR plug.kind IN ('chademo', 'iec62196T2COMBO', 'iec62196T1COMBO', 'mcs') THEN 'DC'
                                WHEN plug.kind NOT IN ('other', 'saeJ3400') THEN 'AC' END,
           'power_kw': CASE WHEN plug.kw <> 0 THEN plug.kw END,
           'power_method': CASE WHEN plug.kw <> 0 THEN 'declared' END,
           'voltage_v': CAST(NULL AS DOUBLE), 'current_a': CAST(NULL AS DOUBLE)}) AS connectors,
       list_concat(
           CASE WHEN (latitude_text IS NOT NULL AND number_of(latitude_text) IS NULL) OR (longitude_text IS NOT NULL AND number_of(longitude_text) IS NULL)
                THEN ['unreadable_coordinates'] END,
           CASE WHEN count_text IS NOT NULL AND count_number IS NULL THEN ['unreadable_point_count']
                WHEN count_number NOT BETWEEN 1 AND 100 OR count_number <> floor(count_number) THEN ['implausible_point_count']
                WHEN count_text IS NULL AND len(groups) = 0 THEN ['no_recharging_point'] END,
           CASE WHEN is_power_unread THEN ['unreadable_power'] END,
           CASE WHEN len(list_filter(plugs, lambda plug: plug.kind IS NULL)) > 0 THEN ['unmapped_connector_type'] END,
           CASE WHEN date_text IS NOT NULL AND commissioned_on IS NULL THEN ['unreadable_date'] END,
           CASE WHEN status_text IS NOT NULL AND status_of('bnetza', status_text) IS NULL THEN ['unmapped_status'] END,
           CAST([] AS VARCHAR[])) AS _problems,
       list_concat(
           CASE WHEN is_power_zero THEN [{'field': 'power_kw', 'was': '0', 'now': CAST(own_kw AS VARCHAR), 'why': 'a power of zero is no power: not published'}] END,
           CASE WHEN len(unknown_ways) > 0 THEN [{'field': 'payment_methods', 'was': array_to_string(unknown_ways, '; '), 'now': 'other', 'why': 'a way to pay that the code list does not know'}] END,
           CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[])) AS _fixes
FROM valued
