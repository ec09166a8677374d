-- Per dataset and table the release in force: the one of its latest period.
CREATE OR REPLACE VIEW catalogue.current_release AS
SELECT release.* FROM catalogue.release
QUALIFY row_number() OVER (PARTITION BY dataset, table_name ORDER BY period DESC, released_at DESC) = 1;
