-- IRVE dynamic (schema 2.x) to status observations: one row per record.
-- A point out of service (hors_service) is that whatever its occupancy sensor says. Where the working state is unknown
-- (inconnu), a point that charges a car or is reserved works; one that is merely free may be broken: unknown. The
-- twelve pairs are data: vocabulary irve in include/codes/status.csv.
WITH read AS (
    SELECT _file, _record,
           CASE WHEN lower(clean(id_pdc_itinerance)) NOT IN ('non concerné', 'non concerne', '-') THEN clean(id_pdc_itinerance) END AS evse_id_raw,
           evse_id_of(id_pdc_itinerance) AS evse_id,
           coalesce(lower(clean(etat_pdc)), 'inconnu') || '/' || coalesce(lower(clean(occupation_pdc)), 'inconnu') AS state,
           clean(horodatage) AS horodatage,
           instant_of(horodatage, CAST(getvariable('dataset_zone') AS VARCHAR)) AS published_at
    FROM decoded
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       coalesce(evse_id, evse_id_raw) AS point_id,
       evse_id,
       evse_id_raw,
       CASE WHEN horodatage IS NULL THEN CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) ELSE published_at END AS observed_at,
       CASE WHEN horodatage IS NULL THEN 'retrieved' ELSE 'published' END AS observed_at_method,
       status_of('irve', replace(replace(state, 'é', 'e'), ' ', '_')) AS status,
       state AS status_raw,
       -- national by nature: the schema is French law, yet an id may name another country's operator
       coalesce(CAST(getvariable('dataset_country') AS VARCHAR), 'FR') AS country_code,
       list_filter([
           CASE WHEN status_of('irve', replace(replace(state, 'é', 'e'), ' ', '_')) IS NULL THEN 'unmapped_status' END,
           CASE WHEN horodatage IS NOT NULL AND published_at IS NULL THEN
                CASE WHEN NOT is_local_time(horodatage) THEN 'unreadable_time' ELSE 'time_without_zone' END END,
           CASE WHEN published_at > CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) + INTERVAL 1 DAY THEN 'observed_in_future' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM read
