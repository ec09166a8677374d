-- Points that more than one publisher describes, over the releases in force: which of them is counted, and why.
-- Rules, surest first; a point is judged by the first that finds a counterpart for it:
--   same_evse_id        1.00  the same EVSE id in two datasets
--   same_station_near   0.90  stations of one operator (same operator id, or same name without legal form) within 50 m,
--                             points paired in order of power; only points that no EVSE id tells apart
--   same_place_unsure   0.50  stations within 15 m with the same number of points and power, operator unlike or unknown:
--                             noted, both counted
-- Of two descriptions the one is kept whose publisher is of the country that the point lies in (by its region, else as
-- declared); else the one changed last; else the first by name of dataset.
WITH point AS (
    SELECT point._dataset AS dataset, point._period AS period, point.point_id, point.evse_id, point.station_id,
           point.latitude_deg, point.longitude_deg, point.nuts3_code, point.power_kw, point.updated_at,
           CASE WHEN release.country_code = coalesce(country_of(left(point.nuts3_code, 2)), point.country_code) THEN 0 ELSE 1 END AS is_abroad,
           coalesce(point.operator_id, '') AS operator_id,
           regexp_replace(regexp_replace(lower(strip_accents(coalesce(point.operator_name, ''))),
               '\b(gmbh|co|kg|ag|se|sas|sasu|sa|sarl|bv|b\.v|nv|n\.v|ltd|limited|plc|spa|s\.p\.a|srl|sl|s\.l|slu|oy|ab|as|aps|ev|mbh|deutschland|nederland|france|espana|belgium|switzerland|suisse|schweiz)\b', '', 'g'),
               '[^a-z0-9]', '', 'g') AS operator_word
    FROM core.current_recharging_point AS point
    JOIN catalogue.current_release AS release
      ON release.dataset = point._dataset AND release.table_name = 'recharging_point' AND release.period = point._period
),
shared_id AS (
    SELECT evse_id FROM point WHERE evse_id IS NOT NULL GROUP BY evse_id HAVING count(DISTINCT dataset) > 1
),
by_id AS (
    SELECT point.*,
           first_value(struct_pack(dataset := dataset, point_id := point_id, latitude_deg := latitude_deg, longitude_deg := longitude_deg)) OVER pair AS first_one,
           nth_value(struct_pack(dataset := dataset, point_id := point_id, latitude_deg := latitude_deg, longitude_deg := longitude_deg), 2) OVER pair AS second_one,
           row_number() OVER pair AS place
    FROM point SEMI JOIN shared_id USING (evse_id)
    WINDOW pair AS (PARTITION BY evse_id ORDER BY is_abroad, updated_at DESC NULLS LAST, dataset
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
),
station AS (
    SELECT dataset, period, station_id, min(is_abroad) AS is_abroad, max(updated_at) AS updated_at,
           avg(latitude_deg) AS latitude_deg, avg(longitude_deg) AS longitude_deg, any_value(nuts3_code) AS nuts3_code,
           any_value(operator_id) AS operator_id, any_value(operator_word) AS operator_word,
           count(*) AS points, round(sum(power_kw), 1) AS power_kw
    FROM point ANTI JOIN shared_id USING (evse_id)
    WHERE latitude_deg IS NOT NULL
    GROUP BY dataset, period, station_id
),
-- only regions that two publishers describe can hold a match
crowded AS (
    SELECT nuts3_code FROM station GROUP BY nuts3_code HAVING count(DISTINCT dataset) > 1
),
placed AS (
    SELECT station.*, CAST(floor(latitude_deg * 1000) AS BIGINT) AS row_no, CAST(floor(longitude_deg * 1000) AS BIGINT) AS column_no
    FROM station JOIN crowded ON crowded.nuts3_code IS NOT DISTINCT FROM station.nuts3_code
),
near AS (
    SELECT a.dataset AS a_dataset, a.period AS a_period, a.station_id AS a_station, b.dataset AS b_dataset, b.period AS b_period, b.station_id AS b_station,
           a.is_abroad AS a_abroad, b.is_abroad AS b_abroad,
           (a.is_abroad, coalesce(epoch(b.updated_at), 0), a.dataset) <= (b.is_abroad, coalesce(epoch(a.updated_at), 0), b.dataset) AS a_stays,
           111195 * sqrt(power(a.latitude_deg - b.latitude_deg, 2)
                         + power((a.longitude_deg - b.longitude_deg) * cos(radians(a.latitude_deg)), 2)) AS distance_m,
           (a.operator_id <> '' AND a.operator_id = b.operator_id) OR (a.operator_word <> '' AND a.operator_word = b.operator_word) AS same_operator,
           a.points = b.points AND a.power_kw = b.power_kw AS same_shape
    FROM placed AS a
    JOIN (SELECT placed.*, placed.row_no + up AS at_row, placed.column_no + across AS at_column
          FROM placed, (VALUES (-1), (0), (1)) AS r(up), (VALUES (-1), (0), (1)) AS c(across)) AS b
      ON b.at_row = a.row_no AND b.at_column = a.column_no AND a.dataset < b.dataset
),
pair AS (
    SELECT *, CASE WHEN same_operator AND distance_m <= 50 THEN 'same_station_near' ELSE 'same_place_unsure' END AS rule
    FROM near
    WHERE (same_operator AND distance_m <= 50) OR (same_shape AND distance_m <= 15)
    -- a station has at most one counterpart in another dataset: the nearest
    QUALIFY row_number() OVER (PARTITION BY a_dataset, a_station, b_dataset ORDER BY NOT same_operator, distance_m, b_station) = 1
        AND row_number() OVER (PARTITION BY b_dataset, b_station, a_dataset ORDER BY NOT same_operator, distance_m, a_station) = 1
),
ranked AS (
    SELECT point.*, row_number() OVER (PARTITION BY dataset, period, station_id ORDER BY power_kw DESC NULLS LAST, point_id) AS place
    FROM point ANTI JOIN shared_id USING (evse_id)
),
by_place AS (
    SELECT pair.rule, pair.a_stays, pair.distance_m,
           CASE WHEN CASE WHEN pair.a_stays THEN pair.a_abroad ELSE pair.b_abroad END = 0 THEN 'kept_because_home_publisher' ELSE 'kept_because_latest' END AS kept,
           a.dataset AS a_dataset, a.period AS a_period, a.point_id AS a_point,
           b.dataset AS b_dataset, b.period AS b_period, b.point_id AS b_point
    FROM pair
    JOIN ranked AS a ON a.dataset = pair.a_dataset AND a.period = pair.a_period AND a.station_id = pair.a_station
    JOIN ranked AS b ON b.dataset = pair.b_dataset AND b.period = pair.b_period AND b.station_id = pair.b_station AND b.place = a.place
    -- two well-formed ids that differ are two points, whatever the place
    WHERE pair.rule = 'same_place_unsure' OR a.evse_id IS NULL OR b.evse_id IS NULL
),
judged AS (
    SELECT dataset, period, point_id,
           CASE WHEN place = 1 THEN CASE WHEN is_abroad = 0 THEN 'kept_because_home_publisher' ELSE 'kept_because_latest' END
                ELSE 'removed_because_same_evse_id' END AS verdict,
           'same_evse_id' AS rule, 1.0 AS confidence,
           CASE WHEN place = 1 THEN second_one ELSE first_one END AS other,
           111195 * sqrt(power(latitude_deg - CASE WHEN place = 1 THEN second_one ELSE first_one END.latitude_deg, 2)
                         + power((longitude_deg - CASE WHEN place = 1 THEN second_one ELSE first_one END.longitude_deg) * cos(radians(latitude_deg)), 2)) AS distance_m
    FROM by_id
    UNION ALL
    SELECT a_dataset, a_period, a_point,
           CASE WHEN rule = 'same_place_unsure' THEN 'kept_because_unsure' WHEN a_stays THEN kept ELSE 'removed_because_same_station_near' END,
           rule, CASE WHEN rule = 'same_station_near' THEN 0.9 ELSE 0.5 END,
           struct_pack(dataset := b_dataset, point_id := b_point, latitude_deg := NULL, longitude_deg := NULL), distance_m
    FROM by_place
    UNION ALL
    SELECT b_dataset, b_period, b_point,
           CASE WHEN rule = 'same_place_unsure' THEN 'kept_because_unsure' WHEN a_stays THEN 'removed_because_same_station_near' ELSE kept END,
           rule, CASE WHEN rule = 'same_station_near' THEN 0.9 ELSE 0.5 END,
           struct_pack(dataset := a_dataset, point_id := a_point, latitude_deg := NULL, longitude_deg := NULL), distance_m
    FROM by_place
)
SELECT dataset, period, point_id, verdict, rule, CAST(confidence AS DOUBLE) AS confidence,
       other.dataset AS other_dataset, other.point_id AS other_point_id, distance_m
FROM judged
QUALIFY row_number() OVER (PARTITION BY dataset, period, point_id ORDER BY verdict LIKE 'removed%' DESC, confidence DESC, other.dataset) = 1
