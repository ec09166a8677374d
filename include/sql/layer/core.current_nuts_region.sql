-- core.nuts_region as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_nuts_region AS
SELECT entry.* FROM core.nuts_region AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'nuts_region' AND release.dataset = entry._dataset AND release.period = entry._period;
