-- core.recharging_site as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_recharging_site AS
SELECT entry.* FROM core.recharging_site AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'recharging_site' AND release.dataset = entry._dataset AND release.period = entry._period;
