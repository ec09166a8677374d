-- core.connector as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_connector AS
SELECT entry.* FROM core.connector AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'connector' AND release.dataset = entry._dataset AND release.period = entry._period;
