-- OICP EVSE status: a word for each EVSE and no time at all, so that the moment of the fetch is the best that is known.
WITH named AS (
    SELECT _file, _record, clean(EvseID) AS evse_id_raw, evse_id_of(EvseID) AS evse_id, clean(EvseStatus) AS status_raw,
           clean(_operator_id) AS operator
    FROM decoded
)
SELECT coalesce(evse_id, evse_id_raw) AS point_id,
       evse_id,
       evse_id_raw,
       CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) AS observed_at,
       CASE WHEN getvariable('retrieved_at') IS NOT NULL THEN 'retrieved' END AS observed_at_method,
       status_of('oicp', status_raw) AS status,
       status_raw,
       -- the id's own country: its letters, or its dialling code
       coalesce(country_of(regexp_extract(evse_id_raw, '^([A-Za-z]{2})[*A-Z0-9]', 1)),
                country_of('+' || regexp_extract(evse_id_raw, '^\+?([0-9]{1,3})\*', 1)),
                country_of(left(operator, 2)),
                CAST(getvariable('dataset_country') AS VARCHAR)) AS country_code,
       _file, _record, 1 AS _point,
       CASE WHEN status_raw IS NOT NULL AND status_of('oicp', status_raw) IS NULL THEN ['unmapped_status'] ELSE [] END AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM named
