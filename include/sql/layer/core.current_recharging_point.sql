-- core.recharging_point as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_recharging_point AS
SELECT entry.* FROM core.recharging_point AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'recharging_point' AND release.dataset = entry._dataset AND release.period = entry._period;
