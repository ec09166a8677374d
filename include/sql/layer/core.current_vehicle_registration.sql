-- core.vehicle_registration as it stands: of each dataset its latest period.
CREATE OR REPLACE VIEW core.current_vehicle_registration AS
SELECT entry.* FROM core.vehicle_registration AS entry
SEMI JOIN catalogue.current_release AS release
       ON release.table_name = 'vehicle_registration' AND release.dataset = entry._dataset AND release.period = entry._period;
