-- DATEX II v3 energy infrastructure status (XML and AFIR JSON) to status observations: one row per refill point.
-- A point's status is true for the time that the point names, else its station, its site, else the publication.
-- A point without a status may say whether it works (operationStatus): a defect is out of service, in operation is no more
-- than unknown, for it may be taken.
-- A station or site that speaks only for itself has no point: its row says so and is kept apart. Planned statuses and
-- price updates are not read (docs/real-data/datex2.md tells why).
WITH read AS (
    SELECT _file, _record, point_type, point_reference, coalesce(point_status, point_operationStatus) AS status_raw, publicationCreator_country,
           coalesce(point_lastUpdated, station_lastUpdated, site_lastUpdated) AS said_at, publicationTime,
           getvariable('dataset_zone')::VARCHAR AS zone,
           CASE WHEN is_evse_like(point_reference) THEN evse_id_of(point_reference) END AS evse_id
    FROM decoded
    WHERE coalesce(point_type, '') IN ('', 'ElectricChargingPointStatus', 'RefillPointStatus')
),
timed AS (
    SELECT read.*, instant_of(said_at, zone) AS said_instant, instant_of(publicationTime, zone) AS published_instant,
           status_of('datex2', status_raw) AS status
    FROM read
)
SELECT _file, _record, CAST(1 AS INTEGER) AS _point,
       coalesce(evse_id, point_reference) AS point_id,
       evse_id,
       CASE WHEN evse_id IS NOT NULL THEN point_reference END AS evse_id_raw,
       CASE WHEN said_at IS NOT NULL THEN said_instant WHEN publicationTime IS NOT NULL THEN published_instant
            ELSE CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) END AS observed_at,
       CASE WHEN said_at IS NOT NULL THEN 'published' WHEN publicationTime IS NOT NULL THEN 'publication' ELSE 'retrieved' END AS observed_at_method,
       status,
       status_raw,
       coalesce(country_of(publicationCreator_country), country_of(getvariable('dataset_country')::VARCHAR)) AS country_code,
       list_filter([
           CASE WHEN point_reference IS NULL AND status_raw IS NULL THEN 'status_not_of_a_point' END,
           CASE WHEN status_raw IS NOT NULL AND status IS NULL THEN 'unmapped_status' END,
           CASE WHEN coalesce(said_at, publicationTime) IS NOT NULL
                 AND CASE WHEN said_at IS NOT NULL THEN said_instant ELSE published_instant END IS NULL
                THEN CASE WHEN NOT is_local_time(coalesce(said_at, publicationTime)) THEN 'unreadable_time' ELSE 'time_without_zone' END END,
           CASE WHEN CASE WHEN said_at IS NOT NULL THEN said_instant ELSE published_instant END
                     > CAST(getvariable('retrieved_at') AS TIMESTAMPTZ) + INTERVAL 1 DAY THEN 'observed_in_future' END
       ], lambda reason: reason IS NOT NULL) AS _problems,
       CAST([] AS STRUCT(field VARCHAR, was VARCHAR, now VARCHAR, why VARCHAR)[]) AS _fixes
FROM timed
