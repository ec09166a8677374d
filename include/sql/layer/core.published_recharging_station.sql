-- Recharging stations as they are counted: those with at least one published point.
CREATE OR REPLACE VIEW core.published_recharging_station AS
SELECT station.* FROM core.current_recharging_station AS station
SEMI JOIN core.published_recharging_point AS point
       ON point._dataset = station._dataset AND point._period = station._period AND point.station_id = station.station_id;
