-- core.population as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_population AS
SELECT entry.* FROM core.population AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'population' AND release.dataset = entry._dataset AND release.period = entry._period;
