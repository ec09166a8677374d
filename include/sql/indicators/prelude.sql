-- What every indicator's SQL stands on: the sides of the declared border regions, their points, stations, inhabitants
-- and fleet, as TEMP tables in this connection. The layer is the current database, the spatial extension is loaded, and
-- the TEMP table declared_side (region_id, side_id, side_label, country_code, nuts3_code) holds the members that count.
-- A whole script for the DuckDB shell:  python -m euregio.indicators.script point_density upper-rhine
--
-- Rows come with the columns that every trace needs: region_id, side_id, dataset, table_name, period, run_id, raw,
-- row_id, role (used; missing: it lacks what is needed; excluded: by definition; context: not counted) and why.
-- Lengths and areas are of EPSG:3035 (equal area; distances are true to half a percent within 10 degrees of its centre).

SET VARIABLE border_near_km = 10;   -- km. The zone next to the border; a choice of this project, no law
SET VARIABLE border_far_km = 25;    -- km. Outer edge of the hinterland that the zone is compared with; a choice of this project, no law
SET VARIABLE border_gap_km = 1;     -- km. Sides whose polygons are no farther apart are neighbours: generalised boundaries do not coincide exactly
SET VARIABLE status_cap_min = 60;   -- minutes. An observation holds until the next one, at most so long; a choice: dynamic data are due within 1 minute (Regulation (EU) 2025/655), open feeds come every 5 to 60
SET VARIABLE status_window_days = 30; -- days. Observations so long before the latest one of their dataset are read; a choice
SET VARIABLE kw_per_bev = 1.3;      -- kW. Regulation (EU) 2023/1804 (AFIR), Article 3(1)
SET VARIABLE kw_per_phev = 0.8;     -- kW. Regulation (EU) 2023/1804 (AFIR), Article 3(1)

SET VARIABLE computed_at = coalesce(CAST(getvariable('computed_at') AS TIMESTAMPTZ), now()); -- instant. What ages are measured from; a run sets it before

-- The members of each side with their polygons; a member that the layer has no polygon of keeps its row.
CREATE OR REPLACE TEMP TABLE side_member AS
WITH polygon AS (
    SELECT * FROM core.current_nuts_region WHERE nuts_level = 3
    QUALIFY row_number() OVER (PARTITION BY nuts_code ORDER BY _period DESC, _dataset) = 1
)
SELECT side.region_id, side.side_id, side.country_code, side.nuts3_code,
       polygon._dataset AS dataset, 'nuts_region' AS table_name, polygon._period AS period, polygon._run AS run_id,
       polygon._raw AS raw, side.nuts3_code AS row_id,
       CASE WHEN polygon.nuts_code IS NULL THEN 'missing' ELSE 'used' END AS role,
       CASE WHEN polygon.nuts_code IS NULL THEN 'no polygon in the layer' END AS why,
       polygon.area_km2,
       ST_Transform(CAST(polygon.geometry AS GEOMETRY), 'EPSG:4326', 'EPSG:3035', always_xy := true) AS geometry
FROM declared_side AS side LEFT JOIN polygon ON polygon.nuts_code = side.nuts3_code;

CREATE OR REPLACE TEMP VIEW side_size AS
SELECT region_id, side_id, count(*) AS members_count FROM declared_side GROUP BY ALL;

-- Members as rows of a trace.
CREATE OR REPLACE TEMP VIEW side_area AS SELECT * EXCLUDE (geometry, country_code) FROM side_member;

CREATE OR REPLACE TEMP TABLE side_geometry AS
SELECT region_id, side_id, ST_Union_Agg(ST_MakeValid(geometry)) AS geometry
FROM side_member WHERE geometry IS NOT NULL GROUP BY ALL;

-- Sides and their neighbours: from side_id across the border to facing.
CREATE OR REPLACE TEMP TABLE side_pair AS
SELECT row_number() OVER (ORDER BY own.region_id, own.side_id, other.side_id) AS pair_no,
       own.region_id, own.side_id, other.side_id AS facing, own.geometry AS own_geometry, other.geometry AS facing_geometry
FROM side_geometry AS own JOIN side_geometry AS other ON other.region_id = own.region_id AND other.side_id <> own.side_id
WHERE ST_DWithin(own.geometry, other.geometry, 1000 * getvariable('border_gap_km'));

-- All that lies across the border of a side.
CREATE OR REPLACE TEMP TABLE side_across AS
SELECT region_id, side_id, any_value(own_geometry) AS own_geometry, ST_Union_Agg(facing_geometry) AS across_geometry
FROM side_pair GROUP BY ALL;

-- The border itself, for maps: the stretch of a side's boundary that lies along its neighbour (longitude, latitude).
CREATE OR REPLACE TEMP TABLE border_line AS
SELECT region_id, side_id, facing,
       ST_Transform(ST_Intersection(ST_Boundary(own_geometry), ST_Buffer(facing_geometry, 1000 * getvariable('border_gap_km'))),
                    'EPSG:3035', 'EPSG:4326', always_xy := true) AS geometry
FROM side_pair WHERE side_id < facing;

-- Published points of each side.
CREATE OR REPLACE TEMP TABLE side_point AS
WITH placed AS (
    SELECT member.region_id, member.side_id, point.*,
           ST_Transform(ST_Point(longitude_deg, latitude_deg), 'EPSG:4326', 'EPSG:3035', always_xy := true) AS place
    FROM core.published_recharging_point AS point JOIN declared_side AS member ON member.nuts3_code = point.nuts3_code
)
SELECT point.region_id, point.side_id, point._dataset AS dataset, 'recharging_point' AS table_name, point._period AS period,
       point._run AS run_id, point._raw AS raw, point.point_id AS row_id,
       CASE WHEN point.access_type = 'private' OR point.lifecycle_status IN ('planned', 'removed') THEN 'excluded' ELSE 'used' END AS role,
       CASE WHEN point.access_type = 'private' THEN 'private access'
            WHEN point.lifecycle_status IN ('planned', 'removed') THEN point.lifecycle_status END AS why,
       point.point_id, point.publisher_point_id, point.station_id, point.evse_id, point.operator_name, point.country_code, point.nuts3_code,
       point.latitude_deg, point.longitude_deg, point.power_kw, point.power_method, point.updated_at,
       ST_X(point.place) AS x_m, ST_Y(point.place) AS y_m
FROM placed AS point;

-- The same with border_km, the distance to the nearest place across the border.
CREATE OR REPLACE TEMP TABLE border_point AS
SELECT point.*, ST_Distance(across.across_geometry, ST_Point(point.x_m, point.y_m)) / 1000 AS border_km
FROM side_point AS point LEFT JOIN side_across AS across USING (region_id, side_id);

-- How many points of each side's country have a NUTS 3 region at all: those without could lie on the side too.
CREATE OR REPLACE TEMP TABLE side_placement AS
SELECT side.region_id, side.side_id, point._dataset AS dataset, 'recharging_point' AS table_name, point._period AS period,
       point._run AS run_id, 'context' AS role, count(*) AS country_points_count, count(point.nuts3_code) AS country_placed_count
FROM core.published_recharging_point AS point
JOIN (SELECT DISTINCT region_id, side_id, country_code FROM declared_side) AS side ON side.country_code = point.country_code
GROUP BY ALL;

-- Points and land of each side within the two bands along the border.
CREATE OR REPLACE TEMP TABLE border_band AS
WITH band AS (
    SELECT unnest([{'from_km': 0, 'to_km': getvariable('border_near_km')},
                   {'from_km': getvariable('border_near_km'), 'to_km': getvariable('border_far_km')}], recursive := true)
),
land AS (
    SELECT member.*, from_km, to_km, ST_Intersection(member.geometry, ST_Buffer(across_geometry, 1000 * to_km, 64)) AS up_to,
           CASE WHEN from_km > 0 THEN ST_Intersection(member.geometry, ST_Buffer(across_geometry, 1000 * from_km, 64)) END AS before
    FROM side_member AS member JOIN side_across USING (region_id, side_id) CROSS JOIN band
)
SELECT point.*, from_km || '-' || to_km || ' km' AS band, NULL::DOUBLE AS area_km2
FROM border_point AS point JOIN band ON border_km >= from_km AND border_km < to_km
UNION ALL BY NAME
SELECT * EXCLUDE (geometry, country_code, from_km, to_km, up_to, before)
         REPLACE ((ST_Area(up_to) - coalesce(ST_Area(before), 0)) / 1e6 AS area_km2),
       from_km || '-' || to_km || ' km' AS band
FROM land;

-- Their stations. Power of a station: what its publisher declares, else the sum over its counted points.
CREATE OR REPLACE TEMP TABLE side_station AS
WITH station AS (
    SELECT region_id, side_id, dataset, 'recharging_station' AS table_name, period, any_value(run_id) AS run_id,
           any_value(raw) AS raw, station_id AS row_id, station_id, any_value(nuts3_code) AS nuts3_code,
           avg(latitude_deg) AS latitude_deg, avg(longitude_deg) AS longitude_deg,
           count(*) AS points_count, count(power_kw) AS points_with_power_count, sum(power_kw) AS points_power_kw
    FROM side_point WHERE role <> 'excluded' GROUP BY ALL
),
declared AS (
    SELECT _dataset AS dataset, _period AS period, station_id, max(power_kw) AS declared_power_kw
    FROM core.published_recharging_station WHERE power_method = 'declared' AND power_kw > 0 GROUP BY ALL
)
SELECT station.* EXCLUDE (points_with_power_count, points_power_kw),
       coalesce(declared_power_kw, points_power_kw) AS power_kw,
       CASE WHEN declared_power_kw IS NOT NULL THEN 'declared' WHEN points_power_kw IS NOT NULL THEN 'summed' END AS power_method,
       CASE WHEN declared_power_kw IS NOT NULL THEN points_count ELSE points_with_power_count END AS points_covered_count,
       CASE WHEN coalesce(declared_power_kw, points_power_kw) IS NULL THEN 'missing' ELSE 'used' END AS role,
       CASE WHEN coalesce(declared_power_kw, points_power_kw) IS NULL THEN 'no power' END AS why
FROM station LEFT JOIN declared USING (dataset, period, station_id);

-- Inhabitants of each side, in the latest year that all its members have a number for; no row where there is no such year.
CREATE OR REPLACE TEMP TABLE side_population AS
WITH entry AS (
    SELECT * FROM core.current_population WHERE inhabitants_count IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY nuts_code, reference_year ORDER BY _period DESC, _dataset) = 1
),
numbered AS (
    SELECT member.region_id, member.side_id, entry._dataset AS dataset, 'population' AS table_name, entry._period AS period,
           entry._run AS run_id, entry._raw AS raw, entry.nuts_code AS row_id, 'used' AS role, NULL::VARCHAR AS why,
           entry.nuts_code AS nuts3_code, entry.reference_year, entry.inhabitants_count,
           count(*) OVER (PARTITION BY member.region_id, member.side_id, entry.reference_year) AS members_count
    FROM declared_side AS member JOIN entry ON entry.nuts_code = member.nuts3_code
)
SELECT * EXCLUDE (members_count) FROM numbered SEMI JOIN side_size USING (region_id, side_id, members_count)
QUALIFY reference_year = max(reference_year) OVER (PARTITION BY region_id, side_id);

-- Vehicles registered on each side. A number of a larger region counts only where all of that region belongs to the
-- side (its area is that of the members within it); of nested regions the largest counts. No row where a part of the
-- side has no number of all four kinds (M1 and N1, BEV and PHEV) in one year.
CREATE OR REPLACE TEMP TABLE side_fleet AS
WITH entry AS (
    SELECT * FROM core.current_vehicle_registration WHERE vehicles_count IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY nuts_code, reference_year, vehicle_category, powertrain ORDER BY _period DESC, _dataset) = 1
),
complete AS (
    SELECT nuts_code, reference_year FROM entry
    WHERE vehicle_category IN ('M1', 'N1') AND powertrain IN ('BEV', 'PHEV')
    GROUP BY ALL HAVING count(*) = 4
),
code_area AS (SELECT nuts_code, max(area_km2) AS area_km2 FROM core.current_nuts_region GROUP BY ALL),
within_side AS (
    SELECT member.region_id, member.side_id, complete.nuts_code, complete.reference_year
    FROM complete JOIN side_member AS member ON starts_with(member.nuts3_code, complete.nuts_code)
    LEFT JOIN code_area USING (nuts_code)
    GROUP BY ALL
    HAVING any_value(member.nuts3_code) = complete.nuts_code OR sum(member.area_km2) >= 0.99 * any_value(code_area.area_km2)
),
chosen AS (
    SELECT member.region_id, member.side_id, member.nuts3_code, reference_year, nuts_code
    FROM side_member AS member JOIN within_side USING (region_id, side_id)
    WHERE starts_with(member.nuts3_code, nuts_code)
    QUALIFY row_number() OVER (PARTITION BY member.region_id, member.side_id, member.nuts3_code, reference_year ORDER BY length(nuts_code)) = 1
),
covered_year AS (SELECT region_id, side_id, reference_year, count(*) AS members_count FROM chosen GROUP BY ALL),
full_year AS (
    SELECT region_id, side_id, max(reference_year) AS reference_year
    FROM covered_year SEMI JOIN side_size USING (region_id, side_id, members_count) GROUP BY ALL
),
counted AS (SELECT DISTINCT region_id, side_id, reference_year, nuts_code FROM chosen SEMI JOIN full_year USING (region_id, side_id, reference_year))
SELECT counted.region_id, counted.side_id, entry._dataset AS dataset, 'vehicle_registration' AS table_name, entry._period AS period,
       entry._run AS run_id, entry._raw AS raw, concat_ws(' ', entry.nuts_code, entry.vehicle_category, entry.powertrain) AS row_id,
       'used' AS role, NULL::VARCHAR AS why, entry.reference_year, entry.vehicle_category, entry.powertrain, entry.vehicles_count,
       CAST(entry.vehicles_count * CASE entry.powertrain WHEN 'BEV' THEN getvariable('kw_per_bev') ELSE getvariable('kw_per_phev') END AS DOUBLE) AS target_kw
FROM counted JOIN entry USING (nuts_code, reference_year)
WHERE entry.vehicle_category IN ('M1', 'N1') AND entry.powertrain IN ('BEV', 'PHEV');

-- Status observations of the counted points within the window, each with the next one of its point. An EVSE id names a
-- point whoever says it; another id, the point's own or the one that its publisher has beside the EVSE id, names one
-- of the same publisher and country only, and none where its dataset gives it to several points.
CREATE OR REPLACE TEMP TABLE side_observation AS
WITH publisher AS (SELECT dataset, arg_max(publisher, released_at) AS publisher FROM catalogue.release GROUP BY dataset),
own AS (
    SELECT _dataset AS dataset, publisher_point_id FROM core.current_recharging_point
    WHERE publisher_point_id IS NOT NULL GROUP BY ALL HAVING count(*) = 1
),
point AS (
    SELECT DISTINCT region_id, side_id, point_id, own.publisher_point_id, country_code, publisher
    FROM side_point LEFT JOIN publisher USING (dataset) LEFT JOIN own USING (dataset, publisher_point_id) WHERE role = 'used'
),
latest AS (SELECT _dataset, max(observed_at) AS latest_at FROM core.status_observation WHERE observed_at <= getvariable('computed_at') GROUP BY ALL),
said AS (
    SELECT seen.* EXCLUDE (point_id), seen.point_id AS said_id, coalesce(seen.evse_id_raw, seen.point_id) AS own_id, latest_at, publisher
    FROM core.status_observation AS seen JOIN latest USING (_dataset) LEFT JOIN publisher ON publisher.dataset = seen._dataset
    WHERE observed_at BETWEEN latest_at - to_days(CAST(getvariable('status_window_days') AS INTEGER)) AND latest_at
),
observation AS (
    FROM (
        SELECT region_id, side_id, point_id, said.* FROM said JOIN point ON point.point_id = said.said_id
        WHERE said.evse_id IS NOT NULL OR (said.publisher = point.publisher AND said.country_code = point.country_code)
        UNION ALL BY NAME
        SELECT region_id, side_id, point_id, said.* FROM said JOIN point
            ON point.publisher_point_id = said.own_id AND said.publisher = point.publisher AND said.country_code = point.country_code
    )
    QUALIFY row_number() OVER (PARTITION BY region_id, side_id, point_id, observed_at ORDER BY _period DESC, _dataset, said_id) = 1
)
SELECT region_id, side_id, _dataset AS dataset, 'status_observation' AS table_name, _period AS period, _run AS run_id,
       _raw AS raw, point_id AS row_id, observed_at, latest_at, status,
       date_diff('second', observed_at, lead(observed_at) OVER point_in_time) / 60.0 AS gap_min,
       row_number() OVER (PARTITION BY region_id, side_id, point_id ORDER BY observed_at DESC) AS age_rank
FROM observation
WINDOW point_in_time AS (PARTITION BY region_id, side_id, point_id ORDER BY observed_at);

-- Points that no observation tells of.
CREATE OR REPLACE TEMP TABLE side_unobserved AS
SELECT region_id, side_id, dataset, table_name, period, run_id, raw, row_id, 'missing' AS role, 'no status observation' AS why
FROM side_point AS point WHERE role = 'used'
AND NOT EXISTS (FROM side_observation AS seen WHERE seen.region_id = point.region_id AND seen.side_id = point.side_id AND seen.row_id = point.row_id);

-- Minutes of each point by status, as rows of a trace: what lies beyond the cap is unknown; the last observation of a
-- point holds for no minute yet. Points with no observation, or none followed by another, are missing.
CREATE OR REPLACE TEMP TABLE side_status AS
WITH held AS (
    SELECT *, CASE WHEN gap_min IS NOT NULL THEN least(gap_min, getvariable('status_cap_min')) END AS held_min,
           CASE WHEN gap_min IS NOT NULL THEN greatest(gap_min - getvariable('status_cap_min'), 0) END AS beyond_min
    FROM side_observation
),
minutes AS (
    SELECT region_id, side_id, dataset, table_name, period, run_id, any_value(raw) AS raw, row_id, count(*) AS observations_count,
           coalesce(sum(held_min) FILTER (WHERE status = 'available'), 0) AS available_min,
           coalesce(sum(held_min) FILTER (WHERE status = 'occupied'), 0) AS occupied_min,
           coalesce(sum(held_min) FILTER (WHERE status = 'reserved'), 0) AS reserved_min,
           coalesce(sum(held_min) FILTER (WHERE status = 'out_of_service'), 0) AS out_of_service_min,
           coalesce(sum(held_min) FILTER (WHERE status = 'unknown'), 0)
               + coalesce(sum(beyond_min) FILTER (WHERE status NOT IN ('planned', 'removed')), 0) AS unknown_min
    FROM held GROUP BY ALL
),
totalled AS (
    SELECT *, available_min + occupied_min + reserved_min + out_of_service_min AS known_min,
           sum(available_min + occupied_min + reserved_min + out_of_service_min) OVER one_point AS point_known_min,
           sum(unknown_min) OVER one_point AS point_unknown_min
    FROM minutes WINDOW one_point AS (PARTITION BY region_id, side_id, row_id)
)
SELECT * EXCLUDE (point_known_min, point_unknown_min),
       CASE WHEN point_known_min > 0 THEN 'used' ELSE 'missing' END AS role,
       CASE WHEN point_known_min > 0 THEN NULL WHEN point_unknown_min > 0 THEN 'status unknown at all times'
            ELSE 'fewer than two status observations' END AS why
FROM totalled
UNION ALL BY NAME FROM side_unobserved;

-- Why a side can have no value at all: kind place (the side is not known) or points (nothing is known of its points).
CREATE OR REPLACE TEMP TABLE side_problem AS
SELECT region_id, side_id, 'place' AS kind,
       'the layer has no polygon of NUTS 3 region ' || string_agg(nuts3_code, ', ' ORDER BY nuts3_code) AS problem
FROM side_member WHERE role = 'missing' GROUP BY ALL
UNION ALL
SELECT region_id, side_id, 'points',
       CASE WHEN EXISTS (FROM catalogue.current_release AS release
                         WHERE release.table_name = 'recharging_point' AND release.country_code = side.country_code)
            THEN 'no released recharging point lies on this side'
            ELSE 'no dataset of recharging points of ' || country_code || ' is released' END
FROM (SELECT DISTINCT region_id, side_id, country_code FROM declared_side) AS side
ANTI JOIN side_point USING (region_id, side_id);
