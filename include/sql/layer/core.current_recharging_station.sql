-- core.recharging_station as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_recharging_station AS
SELECT entry.* FROM core.recharging_station AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'recharging_station' AND release.dataset = entry._dataset AND release.period = entry._period;
