-- core.tariff as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_tariff AS
SELECT entry.* FROM core.tariff AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'tariff' AND release.dataset = entry._dataset AND release.period = entry._period;
