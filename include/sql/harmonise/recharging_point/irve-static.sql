-- IRVE static (schema 2.x and 3.0, the national consolidation, version 1) to recharging points: one row per record.
-- Place. Schema 2.1 and later write [longitude, latitude]; files of 2.0 came in both orders, so there the values say
-- which is which: no French latitude is beyond 51.3 degrees; in metropolitan France the latitude is the greater, on
-- Mayotte (below -12) the lesser. The consolidation's own coordinates serve where the native text cannot be read.
-- Power of 0 stands for a missing value: null, and said in _fixes. Text with kW is read; nothing is taken for W.
-- Connectors: the columns prise_type_*, or version 1's list (T2 - E/F). Power belongs to the point; a connector has it
-- where it is the only one. E/F: French sockets are of type E. T3: the French public ones are of type 3C.
-- Access: Accès réservé, and car parks reserved for customers, are restricted.
WITH texts AS (
    SELECT _file, _record, layout, longitude, latitude, consolidated_longitude, consolidated_latitude, consolidated_code_postal,
           consolidated_commune, implantation_station, code_postal, number_of(puissance_maximale_station) AS station_kw,
           CASE WHEN lower(clean(id_pdc_itinerance)) NOT IN ('non concerné', 'non concerne', '-') THEN clean(id_pdc_itinerance) END AS pdc_id,
           CASE WHEN lower(clean(id_pdc_local)) NOT IN ('non concerné', 'non concerne', '-') THEN clean(id_pdc_local) END AS local_id,
           coalesce(CASE WHEN lower(clean(id_station_itinerance)) NOT IN ('non concerné', 'non concerne', '-') THEN clean(id_station_itinerance) END,
                    CASE WHEN lower(clean(id_station_local)) NOT IN ('non concerné', 'non concerne', '-') THEN clean(id_station_local) END) AS station,
           clean(nom_operateur) AS nom_operateur, clean(nom_enseigne) AS nom_enseigne,
           nullif(nullif(trim(nom_station), ''), '-') AS nom_station, nullif(nullif(trim(adresse_station), ''), '-') AS address,
           CASE WHEN coordonneesXY[1] = '[' AND coordonneesXY[2] BETWEEN '+' AND '9' AND coordonneesXY[-2] BETWEEN '0' AND '9' AND coordonneesXY[-1] = ']'
                THEN coordonneesXY[2:-2]   -- most: trimming character by character is dear
                ELSE trim(coordonneesXY, ' []' || chr(9) || chr(160) || chr(8203)) END AS place_text,
           nullif(clean(puissance_nominale), '-') AS power_text,
           prise_type_ef, prise_type_2, prise_type_combo_ccs, prise_type_chademo, prise_type_mcs, prise_type_autre, cable_t2_attache,
           gratuit, paiement_acte, paiement_cb, paiement_autre,
           truth_of(prise_type_ef) AS has_ef, truth_of(prise_type_2) AS has_t2, truth_of(prise_type_combo_ccs) AS has_ccs,
           truth_of(prise_type_chademo) AS has_chademo, truth_of(prise_type_mcs) AS has_mcs, truth_of(prise_type_autre) AS has_other, truth_of(cable_t2_attache) AS has_cable,
           truth_of(gratuit) AS is_free, truth_of(paiement_acte) AS has_adhoc, truth_of(paiement_cb) AS has_card, truth_of(paiement_autre) AS has_otherpay,
           upper(nullif(clean(type_prise), '-')) AS plug_list, lower(clean(acces_recharge)) AS v1_terms,
           coalesce(clean(horaires), CASE WHEN regexp_matches(accessibilite, '[0-9] ?h|24/24') THEN clean(accessibilite) END) AS hours,   -- version 1: any remark
           nullif(clean(condition_acces), '-') AS access_text,
           clean(date_mise_en_service) AS commissioned_text, clean(date_maj) AS updated_text
    FROM decoded
),
pairs AS (   -- the place as two plain numbers between commas; four parts are two numbers with decimal commas
    SELECT texts.*,
           TRY_CAST(split_part(place_text, ',', 1) AS DOUBLE) AS plain_first, TRY_CAST(split_part(place_text, ',', 2) AS DOUBLE) AS plain_second,
           coalesce(plain_first IS NOT NULL AND plain_second IS NOT NULL AND split_part(place_text, ',', 4) = '', false) AS is_plain
    FROM texts
),
odd_pairs AS (   -- other separators (blank, semicolon) and brackets are read too
    SELECT pairs.*,
           CASE WHEN NOT is_plain THEN regexp_extract(place_text, '^(?:POINT)?[ (\["]*([+-]?[0-9]+(?:[.,][0-9]+)?)(?:"? *[ ;,] *"?)([+-]?[0-9]+(?:[.,][0-9]+)?)[ )\]"]*$', ['first', 'second']) END AS odd
    FROM pairs
),
words AS (
    SELECT odd_pairs.*,
           evse_id_of(pdc_id) AS evse_id,
           CASE WHEN is_plain THEN plain_first ELSE number_of(odd.first) END AS first_deg,
           CASE WHEN is_plain THEN plain_second ELSE number_of(odd.second) END AS second_deg,
           coalesce(TRY_CAST(power_text AS DOUBLE), number_of(replace(lower(power_text), 'kw', ''))) AS number_kw,
           CASE WHEN coalesce(prise_type_ef, prise_type_2, prise_type_combo_ccs, prise_type_chademo, prise_type_mcs, prise_type_autre) IS NOT NULL
                THEN list_concat(CASE WHEN has_chademo THEN ['prise_type_chademo'] END, CASE WHEN has_ef THEN ['prise_type_ef'] END,
                                 CASE WHEN has_t2 THEN ['prise_type_2'] END, CASE WHEN has_ccs THEN ['prise_type_combo_ccs'] END,
                                 CASE WHEN has_mcs THEN ['prise_type_mcs'] END, CASE WHEN has_other THEN ['prise_type_autre'] END)
                ELSE regexp_extract_all(plug_list, 'CHADEMO(-EU)?|COMBO ?[12]?|CCS ?[12]?|T[12]( ?CABLE)?|T3[AC]?|E/?F') END AS plugs,
           -- 02/01/23 is no day of the year 2
           coalesce(CASE WHEN TRY_CAST(commissioned_text AS DATE) BETWEEN DATE '1000-01-01' AND DATE '2999-12-31' THEN TRY_CAST(commissioned_text AS DATE) END,
                    day_first_of(commissioned_text)) AS commissioned_on,
           coalesce(CASE WHEN TRY_CAST(updated_text AS DATE) BETWEEN DATE '1000-01-01' AND DATE '2999-12-31' THEN TRY_CAST(updated_text AS DATE) END,
                    day_first_of(updated_text)) AS updated_on,
           access_of('irve', access_text) AS access
    FROM odd_pairs
),
values_read AS (
    SELECT words.*,
           isfinite(first_deg) AND isfinite(second_deg) AS is_place_read,
           layout = '2.0' AND CASE WHEN abs(second_deg) > 51.3 THEN true WHEN abs(first_deg) > 51.3 THEN false
                                   WHEN least(first_deg, second_deg) < -12 THEN first_deg < second_deg
                                   ELSE first_deg > second_deg END AS latitude_first,
           CASE WHEN number_kw <> 0 AND isfinite(number_kw) THEN number_kw END AS kw,
           -- the words of schema 2 are looked up once for the file, those of version 1 in each row
           list_transform(plugs, lambda plug: CASE plug
               WHEN 'prise_type_chademo' THEN connector_type_of('irve', 'prise_type_chademo') WHEN 'prise_type_ef' THEN connector_type_of('irve', 'prise_type_ef')
               WHEN 'prise_type_2' THEN connector_type_of('irve', 'prise_type_2') WHEN 'prise_type_combo_ccs' THEN connector_type_of('irve', 'prise_type_combo_ccs')
               WHEN 'prise_type_mcs' THEN connector_type_of('irve', 'prise_type_mcs') WHEN 'prise_type_autre' THEN connector_type_of('irve', 'prise_type_autre')
               ELSE connector_type_of('irve', replace(replace(replace(plug, '/', ''), '-', ''), ' ', '')) END) AS kinds
    FROM words
),
complaints AS (   -- what could not be read, each asked once: most rows have nothing to say
    SELECT values_read.*,
           NOT coalesce(is_place_read, false) AND (place_text <> '' OR coalesce(longitude, latitude, consolidated_longitude) IS NOT NULL)
               AND (coalesce(number_of(latitude), number_of(consolidated_latitude)) IS NULL
                    OR coalesce(number_of(longitude), number_of(consolidated_longitude)) IS NULL) AS no_place,
           power_text IS NOT NULL AND (number_kw IS NULL OR NOT isfinite(number_kw)) AS no_power,
           (prise_type_ef IS NOT NULL AND has_ef IS NULL) OR (prise_type_2 IS NOT NULL AND has_t2 IS NULL)
               OR (prise_type_combo_ccs IS NOT NULL AND has_ccs IS NULL) OR (prise_type_chademo IS NOT NULL AND has_chademo IS NULL)
               OR (prise_type_mcs IS NOT NULL AND has_mcs IS NULL) OR (prise_type_autre IS NOT NULL AND has_other IS NULL) OR (cable_t2_attache IS NOT NULL AND has_cable IS NULL)
               OR (gratuit IS NOT NULL AND is_free IS NULL) OR (paiement_acte IS NOT NULL AND has_adhoc IS NULL)
               OR (paiement_cb IS NOT NULL AND has_card IS NULL) OR (paiement_autre IS NOT NULL AND has_otherpay IS NULL) AS no_boolean,
           access_text IS NOT NULL AND access IS NULL AS no_access,
           (commissioned_text IS NOT NULL AND commissioned_on IS NULL) OR (updated_text IS NOT NULL AND updated_on IS NULL) AS no_date,
           CASE WHEN plug_list IS NULL THEN false
                ELSE list_contains(list_transform(kinds, lambda kind: kind IS NULL), true)
                     OR regexp_replace(plug_list, 'CHADEMO(-EU)?|COMBO ?[12]?|CCS ?[12]?|T[12]( ?CABLE)?|T3[AC]?|E/?F|[-–/+,;&. ]', '', 'g') <> '' END AS no_plug
    FROM values_read
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       coalesce(evse_id, pdc_id, coalesce(station, '') || '#' || local_id) AS point_id,
       evse_id,
       pdc_id AS evse_id_raw,
       CAST(NULL AS VARCHAR) AS publisher_point_id,   -- id_pdc_local is an operator's: two operators may have the same
       coalesce(station, 'made:' || left(md5(concat_ws('|', nom_operateur, nom_enseigne, address, place_text, longitude, latitude)), 16)) AS station_id,
       CAST(NULL AS VARCHAR) AS site_id,
       coalesce(nom_operateur, nom_enseigne) AS operator_name,
       operator_id_of(evse_id) AS operator_id,
       coalesce(CAST(getvariable('dataset_country') AS VARCHAR), 'FR') AS country_code,   -- a national register
       CASE WHEN is_place_read THEN CASE WHEN latitude_first THEN first_deg ELSE second_deg END
            ELSE coalesce(number_of(latitude), number_of(consolidated_latitude)) END AS latitude_deg,
       CASE WHEN is_place_read THEN CASE WHEN latitude_first THEN second_deg ELSE first_deg END
            ELSE coalesce(number_of(longitude), number_of(consolidated_longitude)) END AS longitude_deg,
       -- some write [street][postal code][town]
       CASE WHEN address LIKE '[%][%][%]' THEN clean(split_part(address[2:-2], '][', 1)) ELSE address END AS street_address,
       coalesce(clean(consolidated_code_postal), clean(code_postal), CASE WHEN address LIKE '[%][%][%]' THEN clean(split_part(address[2:-2], '][', 2)) END) AS postal_code,
       coalesce(clean(consolidated_commune), CASE WHEN address LIKE '[%][%][%]' THEN clean(split_part(address[2:-2], '][', 3)) END) AS city,
       kw AS power_kw,
       CASE WHEN kw IS NOT NULL THEN 'declared' END AS power_method,
       CASE WHEN has_ccs OR has_chademo OR has_mcs OR (plug_list LIKE '%CHADEMO%' OR plug_list LIKE '%COMBO%' OR plug_list LIKE '%CCS%') THEN 'DC'
            WHEN has_t2 OR has_ef OR (plug_list IS NOT NULL AND len(plugs) > 0) THEN 'AC' END AS current_type,
       CASE WHEN len(plugs) > 0 THEN CAST(len(plugs) AS INTEGER) END AS connector_count,
       CASE WHEN plug_list IS NULL THEN kinds ELSE list_sort(list_distinct(kinds)) END AS connector_types,
       CASE WHEN access = 'public' AND implantation_station = 'Parking privé réservé à la clientèle' THEN 'restricted' ELSE access END AS access_type,
       CASE WHEN hours IN ('24/7', 'Mo-Su 00:00-24:00', 'Mo-Su 00:00-23:59') THEN true
            WHEN layout = '1.0' THEN CASE WHEN regexp_matches(hours, '24 ?h?/24.*7 ?j?/7') THEN true END
            WHEN regexp_full_match(lower(hours), '(mo-su(,ph)? ?|lu-di ?)?0?0:00 ?- ?(24:00|23:59)(; ?ph 00:00-24:00)?|24 ?h?/ ?24( ?h)?([ ,;-]|et)*7 ?j?/ ?7( ?j)?|7 ?j?/ ?7( ?j)?([ ,;-]|et)*24 ?h?/ ?24( ?h)?|24 ?h? ?/ ?(24|7)( ?h| ?j)?') THEN true
            WHEN regexp_matches(hours, '[0-9]') THEN false END AS is_open_24_7,
       hours AS opening_hours,
       CAST(NULL AS VARCHAR[]) AS authentication_methods,   -- the schema does not say
       CASE WHEN coalesce(paiement_acte, gratuit, paiement_autre, paiement_cb) IS NOT NULL
            THEN list_concat(CASE WHEN has_adhoc THEN [payment_of('irve', 'paiement_acte')] END, CASE WHEN is_free THEN [payment_of('irve', 'gratuit')] END,
                             CASE WHEN has_otherpay THEN [payment_of('irve', 'paiement_autre')] END, CASE WHEN has_card THEN [payment_of('irve', 'paiement_cb')] END)
            WHEN v1_terms = 'gratuit' THEN [payment_of('irve', 'gratuit')] END AS payment_methods,
       CAST(NULL AS VARCHAR) AS lifecycle_status,
       commissioned_on,
       CASE WHEN updated_on > DATE '1970-01-01' THEN CASE WHEN len(updated_text) <= 10
            THEN timezone(CAST(getvariable('dataset_zone') AS VARCHAR), CAST(updated_on AS TIMESTAMP))
            ELSE instant_of(updated_text, CAST(getvariable('dataset_zone') AS VARCHAR)) END END AS updated_at,
       nom_station AS station_name,
       CAST(NULL AS VARCHAR) AS site_name,
       CASE WHEN station_kw <> 0 THEN station_kw END AS station_power_kw,
       list_transform(plugs, lambda plug, place: {
           'connector_id': CAST(NULL AS VARCHAR), 'connector_type': kinds[place], 'connector_type_raw': plug,
           'connector_format': CASE plug WHEN 'prise_type_2' THEN CASE WHEN has_cable THEN 'cable' WHEN NOT has_cable THEN 'socket' END
                                         WHEN 'prise_type_ef' THEN 'socket' WHEN 'prise_type_combo_ccs' THEN 'cable' WHEN 'prise_type_chademo' THEN 'cable'
                                         WHEN 'prise_type_mcs' THEN 'cable'
                                         ELSE CASE WHEN plug LIKE 'C%' OR plug LIKE '%CABLE' THEN 'cable' END END,
           'current_type': CASE plug WHEN 'prise_type_2' THEN 'AC' WHEN 'prise_type_ef' THEN 'AC' WHEN 'prise_type_combo_ccs' THEN 'DC'
                                     WHEN 'prise_type_chademo' THEN 'DC' WHEN 'prise_type_mcs' THEN 'DC' WHEN 'prise_type_autre' THEN NULL
                                     ELSE CASE WHEN plug LIKE 'C%' THEN 'DC' ELSE 'AC' END END,
           'power_kw': CASE WHEN len(plugs) = 1 THEN kw END,
           'power_method': CASE WHEN len(plugs) = 1 AND kw IS NOT NULL THEN 'declared' END,
           'voltage_v': CAST(NULL AS DOUBLE), 'current_a': CAST(NULL AS DOUBLE)}) AS connectors,
       CASE WHEN no_place OR no_power OR no_boolean OR no_access OR no_date OR no_plug
            THEN list_concat(CASE WHEN no_place THEN ['unreadable_coordinates'] END, CASE WHEN no_power THEN ['unreadable_power'] END,
                             CASE WHEN no_boolean THEN ['unreadable_boolean'] END, CASE WHEN no_access THEN ['unmapped_access'] END,
                             CASE WHEN no_date THEN ['unreadable_date'] END, CASE WHEN no_plug THEN ['unmapped_connector_type'] END)
            ELSE CAST([] AS VARCHAR[]) END AS _problems,
       CASE WHEN number_kw = 0 OR updated_on <= DATE '1970-01-01'
            THEN list_concat(CASE WHEN number_kw = 0 THEN [{'field': 'power_kw', 'was': power_text, 'now': CAST(NULL AS VARCHAR), 'why': 'a power of zero is no power: not published'}] END,
                             CASE WHEN updated_on <= DATE '1970-01-01' THEN [{'field': 'updated_at', 'was': updated_text, 'now': CAST(NULL AS VARCHAR), 'why': 'the zero of a computer clock is no date of a change'}] END)
            ELSE CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) END AS _fixes
FROM complaints
