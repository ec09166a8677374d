-- The status that OCPI locations give of each EVSE. It is true for the moment of the answer: the envelope's timestamp,
-- else the fetch, else (a file of unknown age) the EVSE's last change. EVSEs without a status word give no row.
WITH evse_of_location AS (
    SELECT _file, _record, clean(id) AS location_id,
           CASE WHEN publish IN ('true', 'false') THEN publish WHEN clean(publish) IS NULL THEN NULL
                WHEN truth_of(publish) THEN 'true' ELSE 'false' END AS publish,
           coalesce(country_of(country), country_of(country_code), CAST(getvariable('dataset_country') AS VARCHAR)) AS country_code,
           known_zone AS time_zone, _published,
           unnest(evses) AS evse,
           unnest(range(1, len(evses) + 1)) AS point_number
    FROM decoded
    -- a zone that no one knows ("Germany") is none
    LEFT JOIN (SELECT DISTINCT name AS known_zone FROM pg_timezone_names()) ON known_zone = trim(time_zone)
),
point AS (
    SELECT *,
           coalesce(nullif(clean(evse.uid), '-'), clean(evse.id)) AS uid,
           clean(evse.evse_id) AS evse_id_raw,
           evse_id_of(evse.evse_id) AS evse_id_shaped,
           clean(evse.status) AS status_raw,
           instant_of(_published, CAST(getvariable('dataset_zone') AS VARCHAR)) AS published_at,
           CASE WHEN _published IS NULL AND getvariable('retrieved_at') IS NULL
                THEN coalesce(CASE WHEN evse.last_updated LIKE '2___-__-__T%Z' THEN TRY_CAST(evse.last_updated AS TIMESTAMPTZ)
                                   WHEN evse.last_updated LIKE '2___-__-__T%' AND CAST(getvariable('dataset_zone') AS VARCHAR) IS NULL
                                        AND NOT regexp_matches(evse.last_updated, '[+-][0-9:]{2,5}$')
                                   THEN TRY_CAST(evse.last_updated || 'Z' AS TIMESTAMPTZ) END,  -- OCPI: without a designator it is UTC
                              instant_of(evse.last_updated, time_zone),
                              instant_of(evse.last_updated, CAST(getvariable('dataset_zone') AS VARCHAR))) END AS changed_at
    FROM evse_of_location
),
identified AS (
    SELECT *,
           CASE WHEN country_of(left(evse_id_shaped, 2)) IS NOT NULL OR regexp_matches(evse_id_raw, '^(\+|[0-9]{1,3}\*)')
                THEN evse_id_shaped END AS evse_id
    FROM point
    WHERE status_raw IS NOT NULL
)
SELECT coalesce(evse_id, CASE WHEN length(coalesce(uid, evse_id_raw)) < 4 THEN location_id || '*' || coalesce(uid, evse_id_raw) ELSE coalesce(uid, evse_id_raw) END) AS point_id,
       evse_id,
       evse_id_raw,
       coalesce(published_at, CAST(getvariable('retrieved_at') AS TIMESTAMPTZ), changed_at) AS observed_at,
       CASE WHEN published_at IS NOT NULL THEN 'publication' WHEN getvariable('retrieved_at') IS NOT NULL THEN 'retrieved'
            WHEN changed_at IS NOT NULL THEN 'published' END AS observed_at_method,
       status_of('ocpi', status_raw) AS status,
       status_raw,
       country_code,
       _file, _record, CAST(point_number AS INTEGER) AS _point,
       CASE WHEN publish = 'false' OR status_of('ocpi', status_raw) IS NULL OR published_at > CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) + INTERVAL 1 DAY
            THEN list_filter([CASE WHEN publish = 'false' THEN 'not_to_be_published' END,
                              CASE WHEN published_at > CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) + INTERVAL 1 DAY THEN 'observed_in_future' END,
                              CASE WHEN status_of('ocpi', status_raw) IS NULL THEN 'unmapped_status' END],
                             lambda reason: reason IS NOT NULL)
            ELSE [] END AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM identified
