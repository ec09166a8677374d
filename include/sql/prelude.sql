-- What every harmonising file may use: code lists and small functions. Run from the project's folder, before any of
-- them:   duckdb -c ".read include/sql/prelude.sql" ...
-- The settings of one dataset are variables, set here to neutral values; a run sets its own before the SQL.

SET VARIABLE dataset = 'try.file';
SET VARIABLE dataset_country = CAST(NULL AS VARCHAR);            -- ISO 3166-1 alpha-2, null where the file must say
SET VARIABLE dataset_zone = CAST(NULL AS VARCHAR);               -- IANA zone that naive local times are in, null where none may occur
SET VARIABLE retrieved_at = CAST(NULL AS TIMESTAMPTZ);               -- when the bytes were fetched (TIMESTAMPTZ)

-- Code lists: include/codes/<topic>.csv with columns vocabulary, word, meaning. Words compare in lower case.
SET VARIABLE codes_connector_type = (SELECT map_from_entries(list((vocabulary || '|' || lower(word), meaning)))
    FROM read_csv('include/codes/connector_type.csv', all_varchar = true));
SET VARIABLE codes_status = (SELECT map_from_entries(list((vocabulary || '|' || lower(word), meaning)))
    FROM read_csv('include/codes/status.csv', all_varchar = true));
SET VARIABLE codes_access = (SELECT map_from_entries(list((vocabulary || '|' || lower(word), meaning)))
    FROM read_csv('include/codes/access.csv', all_varchar = true));
SET VARIABLE codes_authentication = (SELECT map_from_entries(list((vocabulary || '|' || lower(word), meaning)))
    FROM read_csv('include/codes/authentication.csv', all_varchar = true));
SET VARIABLE codes_payment = (SELECT map_from_entries(list((vocabulary || '|' || lower(word), meaning)))
    FROM read_csv('include/codes/payment.csv', all_varchar = true));
-- All of ISO 3166-1, and Kosovo's XK. Some territories have a code there but are counted (counted_as) in the NUTS regions
-- of another: Réunion in France, Åland in Finland. Dialling codes are of those whose EVSE ids may begin with one.
SET VARIABLE codes_country = (SELECT map_from_entries(list((lower(word), country) ORDER BY is_far))   -- a map is searched in order
    FROM (SELECT DISTINCT unnest([alpha2, alpha3, nuts_prefix, dialling_code]) AS word, coalesce(counted_as, alpha2) AS country,
                 dialling_code IS NULL AS is_far
          FROM read_csv('include/codes/country.csv', all_varchar = true)) WHERE word IS NOT NULL);
SET VARIABLE codes_evse = (SELECT list(alpha2) FROM read_csv('include/codes/country.csv', all_varchar = true) WHERE dialling_code IS NOT NULL);
SET VARIABLE codes_nuts = (SELECT list(nuts_prefix) FROM read_csv('include/codes/country.csv', all_varchar = true));

CREATE OR REPLACE TEMP MACRO connector_type_of(vocabulary, word) AS
    getvariable('codes_connector_type')[vocabulary || '|' || lower(trim(word))];
CREATE OR REPLACE TEMP MACRO status_of(vocabulary, word) AS
    getvariable('codes_status')[vocabulary || '|' || lower(trim(word))];
CREATE OR REPLACE TEMP MACRO access_of(vocabulary, word) AS
    getvariable('codes_access')[vocabulary || '|' || lower(trim(word))];
CREATE OR REPLACE TEMP MACRO authentication_of(vocabulary, word) AS
    getvariable('codes_authentication')[vocabulary || '|' || lower(trim(word))];
CREATE OR REPLACE TEMP MACRO payment_of(vocabulary, word) AS
    getvariable('codes_payment')[vocabulary || '|' || lower(trim(word))];
-- Any common writing of a country (DE, DEU, EL, +41) to ISO 3166-1 alpha-2; null where unknown.
CREATE OR REPLACE TEMP MACRO country_of(word) AS getvariable('codes_country')[lower(trim(word))];
-- Whether a code begins as those of NUTS regions do: EL for Greece, not US.
CREATE OR REPLACE TEMP MACRO is_nuts_like(code) AS
    regexp_full_match(code, '[A-Z]{2}[0-9A-Z]{0,3}') AND list_contains(getvariable('codes_nuts'), left(code, 2));

-- Text without outer blanks, those of no width among them (zero-width space, byte order mark, direction marks), which
-- come with what is pasted; null where nothing is left.
CREATE OR REPLACE TEMP MACRO clean(txt) AS
    CASE WHEN txt[1] BETWEEN '!' AND '~' AND txt[-1] BETWEEN '!' AND '~' THEN txt   -- most: a third of the work
         ELSE nullif(trim(txt, E' \t\r\n' || chr(160) || chr(8203) || chr(8206) || chr(8207) || chr(8239) || chr(8288) || chr(65279)), '') END;
-- A number written with decimal point or decimal comma; null where it is not a finite number. Both signs in one number
-- leave no doubt which parts the thousands (1.234,5 and 1,234.5); one alone is the decimal sign.
CREATE OR REPLACE TEMP MACRO number_of(txt) AS
    CASE WHEN txt IS NULL THEN NULL   -- a column may be empty throughout: spare it every try
         WHEN abs(TRY_CAST(txt AS DOUBLE)) < 1e308 THEN TRY_CAST(txt AS DOUBLE)   -- most are plain: spare the rest
         WHEN isfinite(TRY_CAST(replace(clean(txt), ',', '.') AS DOUBLE)) THEN TRY_CAST(replace(clean(txt), ',', '.') AS DOUBLE)
         WHEN regexp_full_match(clean(txt), '[+-]?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+') THEN TRY_CAST(replace(replace(clean(txt), '.', ''), ',', '.') AS DOUBLE)
         WHEN regexp_full_match(clean(txt), '[+-]?[0-9]{1,3}(,[0-9]{3})+\.[0-9]+') THEN TRY_CAST(replace(clean(txt), ',', '') AS DOUBLE) END;
-- The text, null where it only says that nothing is said: -, k.A., n/a, null, unbekannt …
CREATE OR REPLACE TEMP MACRO said(txt) AS
    CASE WHEN NOT regexp_full_match(lower(clean(txt)), '[-–—?.]+|k\. ?a\.?|keine angaben?|unbekannt|unknown|n\.?[/.]?[ad]\.?|#n/a|null|none|nan|non concern[ée]e?|non renseign[ée]e?|inconnue?')
         THEN clean(txt) END;
-- A day that is written with the day first (6/5/2024, 06-05-24, 06.05.2024 00:00), as eight digits (20240506), or as
-- spreadsheets count (days since 1899-12-30; 1990 to 2119); null where it is none of these.
CREATE OR REPLACE TEMP MACRO day_first_of(txt) AS
    CASE WHEN regexp_matches(txt, '^\d{1,2}[/.-]\d{1,2}[/.-][12]\d{3}($|[ T])')
         THEN TRY_CAST(try_strptime(translate(regexp_extract(txt, '^[0-9/.-]+'), '.-', '//'), '%d/%m/%Y') AS DATE)
         WHEN regexp_full_match(txt, '\d{1,2}[/.-]\d{1,2}[/.-]\d{2}') THEN TRY_CAST(try_strptime(translate(txt, '.-', '//'), '%d/%m/%y') AS DATE)
         WHEN regexp_full_match(txt, '(19|20)\d{6}') THEN TRY_CAST(try_strptime(txt, '%Y%m%d') AS DATE)
         WHEN regexp_full_match(txt, '\d{5}([.,]0*)?') AND TRY_CAST(left(txt, 5) AS INTEGER) BETWEEN 32874 AND 80000
         THEN DATE '1899-12-30' + TRY_CAST(left(txt, 5) AS INTEGER) END;
-- An EVSE id in its bare form: upper case, without the separators * - _ and blanks.
CREATE OR REPLACE TEMP MACRO bare_evse_id(txt) AS
    nullif(replace(replace(replace(replace(upper(clean(txt)), '*', ''), '-', ''), '_', ''), ' ', ''), '');
-- The same where it is well-formed, else null. ISO 15118-2 Annex H (country, operator, E, number), or DIN SPEC 91286
-- (+49*810*000123: dialling code, operator, number; the plus is left out of the bare form). Digits alone are no DIN id:
-- they may be any register's number.
CREATE OR REPLACE TEMP MACRO evse_id_of(txt) AS
    CASE WHEN regexp_full_match(txt, '[A-Z]{2}[A-Z0-9]{3}E[A-Z0-9]{1,31}') THEN txt   -- many are bare or starred: spare the rest
         WHEN regexp_full_match(txt, '[A-Z]{2}\*[A-Z0-9]{3}\*E[A-Z0-9][A-Z0-9*]{0,30}') THEN replace(txt, '*', '')
         WHEN regexp_full_match(txt, '\s*[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\s*') THEN NULL   -- a UUID
         WHEN regexp_matches(txt, '^\s*(\+[0-9]|[0-9]{1,3}\*[A-Za-z0-9]{3}\*)')
         THEN nullif(regexp_extract(translate(upper(clean(txt)), '*-_ +', ''), '^([0-9]{1,3}[A-Z0-9]{3}[A-Z0-9]{1,32})$'), '')
         ELSE nullif(regexp_extract(translate(upper(clean(txt)), '*-_ +', ''), '^([A-Z]{2}[A-Z0-9]{3}E[A-Z0-9]{1,31})$'), '') END;
-- The operator id (country and three characters) of an EVSE id in its ISO form.
CREATE OR REPLACE TEMP MACRO operator_id_of(evse_id) AS
    CASE WHEN regexp_matches(evse_id, '^[A-Z]{2}') THEN left(evse_id, 5) END;
-- kW of a point from voltage (V), current (A) and phases. On three phases the voltage may be given between phase and
-- neutral (up to 250 V: 3 U I) or between two phases (above: sqrt 3 U I). Null where one is absent or not positive.
CREATE OR REPLACE TEMP MACRO kw_from_electricity(voltage_v, current_a, phases) AS
    CASE WHEN voltage_v > 0 AND current_a > 0 AND phases = 1 THEN voltage_v * current_a / 1000
         WHEN voltage_v > 0 AND current_a > 0 AND phases = 2 THEN 2 * least(voltage_v, 230) * current_a / 1000
         WHEN voltage_v > 0 AND current_a > 0 AND phases = 3 AND voltage_v <= 250 THEN 3 * voltage_v * current_a / 1000
         WHEN voltage_v > 0 AND current_a > 0 AND phases = 3 THEN sqrt(3) * voltage_v * current_a / 1000 END;
-- Whether a power that should be in W is in kW: no vehicle is charged with less than 100 W (alternating current), 1000 W
-- (direct) or 500 W (not said), unless volts and amperes give as many W; or volts and amperes give as many kW.
CREATE OR REPLACE TEMP MACRO is_kw_for_w(power_w, current_type, computed_kw) AS
    coalesce(power_w >= 1 AND power_w < 1000
             AND (CASE WHEN power_w >= CASE current_type WHEN 'AC' THEN 100 WHEN 'DC' THEN 1000 ELSE 500 END THEN false
                       ELSE NOT coalesce(computed_kw BETWEEN power_w / 2000 AND power_w / 500, false) END
                  OR (power_w < 500 AND coalesce(computed_kw BETWEEN power_w / 2 AND power_w * 8, false))), false);
-- An instant (UTC) from ISO 8601 text. With an offset or Z it is taken as written; without, it is local time of `zone`
-- and null where no zone is declared: never guessed.
-- An offset may be of hours only, seconds may be missing. Years are 1000 to 2999: what else a computer takes for a time
-- (infinity, the year 290000, BC) is none that a publisher means, and more than other tools can hold.
CREATE OR REPLACE TEMP MACRO is_local_time(txt) AS
    coalesce(regexp_full_match(clean(txt), '[12][0-9]{3}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?')
             AND TRY_CAST(txt AS TIMESTAMP) IS NOT NULL, false);
CREATE OR REPLACE TEMP MACRO instant_of(txt, zone) AS
    CASE WHEN regexp_matches(clean(txt), '^[12][0-9]{3}[-/].*:[0-9.]+ ?(Z|z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$')
         THEN TRY_CAST(regexp_replace(regexp_replace(regexp_replace(upper(clean(txt)), ' ([Z+-][0-9:]*)$', '\1'),
                                                     '([+-][0-9]{2})([0-9]{2})$', '\1:\2'), '^([^:]*:[0-9]{2})([Z+-])', '\1:00\2') AS TIMESTAMPTZ)
         WHEN is_local_time(txt) THEN timezone(zone, TRY_CAST(clean(txt) AS TIMESTAMP)) END;
-- True or false in the writings of registers (true, 1, yes, vrai, oui, wahr, ja …); null where it is neither.
-- Looked up in a map, because functions of one column are evaluated once per word of a Parquet dictionary; casts and CASE
-- are not.
SET VARIABLE truths = MAP {'true': true, 'false': false, 'vrai': true, 'faux': false, 'oui': true, 'non': false, 'wahr': true,
                           'falsch': false, 'ja': true, 'nein': false, '1': true, '0': false,
                           '1.0': true, '0.0': false};   -- what data frames make of a column of booleans with gaps
CREATE OR REPLACE TEMP MACRO truth_of(txt) AS
    coalesce(getvariable('truths')[lower(trim(txt, E' \t\r\n' || chr(160) || chr(8203) || chr(8206) || chr(8207) || chr(8239) || chr(8288) || chr(65279)))],
             TRY_CAST(txt AS BOOLEAN));
-- Decimal degrees from degrees, minutes and seconds (46°27'33.5"N, 9° 47' 44'' E); null where it is no such text. South
-- and west are negative.
CREATE OR REPLACE TEMP MACRO degrees_of(txt) AS
    (CASE WHEN regexp_matches(txt, '^\s*-|[SsWw]\s*$') THEN -1 ELSE 1 END)
    * (TRY_CAST(regexp_extract(txt, '^\s*[+-]?([0-9]{1,3})\s*°', 1) AS DOUBLE)
       + coalesce(TRY_CAST(regexp_extract(txt, '°\s*([0-9]{1,2}(\.[0-9]+)?)\s*[''′’]', 1) AS DOUBLE), 0) / 60
       + coalesce(TRY_CAST(replace(regexp_extract(txt, '[''′’]\s*([0-9]{1,2}([.,][0-9]+)?)\s*("|″|”|'''')', 1), ',', '.') AS DOUBLE), 0) / 3600);
-- Whether a text that need not be an EVSE id (a name, a publisher's id) has the form of one, with a known country before
-- it: both separators, or a digit, so that no name in plain words passes. Without separators it must be a country of Europe:
-- with all of them (BB, CA, BR) many a hexadecimal id and Bruche67120 would pass.
CREATE OR REPLACE TEMP MACRO is_evse_like(txt) AS
    CASE WHEN regexp_full_match(txt, '[A-Za-z]{2}[*-][A-Za-z0-9]{3}[*-][Ee][A-Za-z0-9*_-]+') THEN country_of(left(txt, 2)) IS NOT NULL
         ELSE regexp_full_match(txt, '[A-Za-z]{2}[*-]?[A-Za-z0-9]{3}[*-]?[Ee][A-Za-z0-9*_-]*[0-9][A-Za-z0-9*_-]*')
              AND list_contains(getvariable('codes_evse'), upper(left(txt, 2))) END;
