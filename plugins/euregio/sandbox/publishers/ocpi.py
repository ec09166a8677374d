"""The Netherlands: OCPI 2.2.1 locations as one gzipped JSON array, without a Content-Encoding header."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

# Power in W, coordinates as text. A location is a station; points abroad bear their own country.
_LINES = """
SELECT to_json({
    id: station_key, city: any_value(city), name: any_value(station_name),
    evses: list({
        uid: CASE WHEN defect = 'empty_key' THEN NULL ELSE coalesce(evse_id, '') END, images: NULL,
        status: CASE status WHEN 'available' THEN 'AVAILABLE' WHEN 'occupied' THEN 'CHARGING' WHEN 'reserved' THEN 'RESERVED'
            WHEN 'out_of_service' THEN 'OUTOFORDER' ELSE 'UNKNOWN' END,
        evse_id: evse_id,
        connectors: list_transform(connectors, lambda c, i: {
            id: i::VARCHAR, format: CASE WHEN cable THEN 'CABLE' ELSE 'SOCKET' END,
            standard: CASE WHEN defect = 'unknown_connector' THEN 'IEC_99999_T9' WHEN c = 'iec62196T2COMBO' THEN 'IEC_62196_T2_COMBO'
                WHEN c = 'chademo' THEN 'CHADEMO' ELSE 'IEC_62196_T2' END,
            power_type: CASE phases WHEN 0 THEN 'DC' WHEN 1 THEN 'AC_1_PHASE' ELSE 'AC_3_PHASE' END,
            tariff_ids: ['standaard'], max_voltage: volts, last_updated: utc(updated_at), max_amperage: amps,
            max_electric_power: round(power_kw * 1000)::BIGINT, terms_and_conditions: NULL}),
        directions: NULL, coordinates: NULL, floor_level: NULL,
        capabilities: CASE WHEN phases = 0 THEN ['REMOTE_START_STOP_CAPABLE', 'RFID_READER', 'CONTACTLESS_CARD_SUPPORT']
            ELSE ['REMOTE_START_STOP_CAPABLE', 'RFID_READER'] END,
        last_updated: CASE WHEN defect = 'unreadable_date' THEN '2026-13-45T99:00:00Z'
            WHEN defect = 'duplicate_older' AND repeat_no = 1 THEN utc(updated_at) ELSE utc(status_at) END,
        status_schedule: NULL, physical_reference: NULL, parking_restrictions: CASE WHEN restricted THEN ['CUSTOMERS'] END
    } ORDER BY point_no),
    address: any_value(street || ' ' || house_no),
    country: any_value(CASE country WHEN 'NL' THEN 'NLD' WHEN 'DE' THEN 'DEU' WHEN 'BE' THEN 'BEL' END), publish: true,
    operator: {logo: NULL, name: any_value(operator_name), website: NULL}, party_id: any_value(substr(operator_id, 3)),
    time_zone: 'Europe/Amsterdam', energy_mix: NULL, facilities: NULL,
    coordinates: CASE WHEN any_value(latitude) IS NOT NULL THEN {latitude: num(any_value(latitude)), longitude: num(any_value(longitude))} END,
    postal_code: any_value(postal_code), suboperator: NULL, country_code: any_value(left(operator_id, 2)),
    last_updated: CASE WHEN bool_or(defect = 'unreadable_date') THEN '2026-13-45T99:00:00Z' ELSE utc(any_value(updated_at)) END,
    parking_type: CASE WHEN bool_or(phases = 0) THEN 'ALONG_MOTORWAY' ELSE 'ON_STREET' END,
    opening_times: {regular_hours: NULL, twentyfourseven: bool_or(open_247)}, related_locations: NULL
})::VARCHAR
FROM said GROUP BY station_ord, station_key ORDER BY station_ord
"""

PUBLISHERS = (
    Publisher(
        "nl.charging__dot_nl", "NL", "station", "application/gzip", _LINES, "[", "]\n", ",\n", gzipped=True, states=True,
    ),
)  # fmt: skip
