"""Switzerland: ich-tanke-strom, OICP EVSEData and EVSEStatuses as JSON, grouped by operator."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

# One operator writes its ids in the form of DIN SPEC 91286 (+41*031*...); some powers are text; "None None" is a null.
_EVSE_ID = "CASE WHEN operator_id = 'CH031' THEN replace(evse_id, 'CH*031*E', '+41*031*') ELSE evse_id END"

_LINES = f"""
WITH records AS (
    SELECT operator_id, operator_name, point_ord, to_json({{
        deltaType: 'insert', lastUpdate: CASE WHEN defect = 'unreadable_date' THEN '2026-13-45T99:00:00Z' ELSE utc(updated_at) END,
        EvseID: {_EVSE_ID}, ChargingStationNames: [{{lang: 'de', value: station_name}}],
        Address: {{Country: CASE country WHEN 'CH' THEN 'CHE' WHEN 'DE' THEN 'DEU' WHEN 'FR' THEN 'FRA' END,
            City: city, Street: street, PostalCode: postal_code, HouseNum: house_no, Floor: '0', Region: NULL}},
        GeoCoordinates: {{Google: coalesce(num(latitude) || ' ' || num(longitude), 'None None')}},
        Plugs: list_transform(connectors, lambda c: CASE WHEN defect = 'unknown_connector' THEN 'Quantum Plug'
            WHEN c = 'iec62196T2COMBO' THEN 'CCS Combo 2 Plug (Cable Attached)' WHEN c = 'chademo' THEN 'CHAdeMO'
            WHEN cable THEN 'Type 2 Connector (Cable Attached)' ELSE 'Type 2 Outlet' END),
        ChargingFacilities: [{{Voltage: volts, Amperage: amps,
            power: CASE WHEN station_no % 10 = 0 THEN to_json(num(power_kw)) ELSE to_json(power_kw) END,
            powertype: CASE phases WHEN 0 THEN 'DC' WHEN 1 THEN 'AC_1_PHASE' ELSE 'AC_3_PHASE' END}}],
        RenewableEnergy: true, CalibrationLawDataAvailability: 'Not Available',
        AuthenticationModes: CASE WHEN phases = 0 THEN ['NFC RFID Classic', 'REMOTE', 'Direct Payment'] ELSE ['NFC RFID Classic', 'REMOTE'] END,
        PaymentOptions: ['Direct', 'Contract'], ValueAddedServices: ['None'],
        Accessibility: CASE WHEN restricted THEN 'Restricted access' ELSE 'Paying publicly accessible' END,
        AccessibilityLocation: 'OnStreet', IsOpen24Hours: open_247, IsHubjectCompatible: true, DynamicInfoAvailable: 'true',
        ChargingStationId: station_key, OpeningTimes: NULL, GeoChargingPointEntrance: {{Google: 'None None'}}
    }})::VARCHAR AS record
    FROM said
)
SELECT '{{"EVSEDataRecord": [' || string_agg(record, ',' || chr(10) ORDER BY point_ord) || '], "OperatorID": "' || operator_id
    || '", "OperatorName": ' || to_json(any_value(operator_name))::VARCHAR || '}}'
FROM records GROUP BY operator_id ORDER BY operator_id
"""

_STATUS_LINES = f"""
WITH records AS (
    SELECT operator_id, operator_name, point_ord, to_json({{EvseID: {_EVSE_ID},
        EVSEStatus: CASE status WHEN 'available' THEN 'Available' WHEN 'occupied' THEN 'Occupied' WHEN 'reserved' THEN 'Reserved'
            WHEN 'out_of_service' THEN 'OutOfService' ELSE 'Unknown' END}})::VARCHAR AS record
    FROM said WHERE fault NOT IN ('malformed_evse_id', 'empty_key') AND repeat_no = 0
)
SELECT '{{"EVSEStatusRecord": [' || string_agg(record, ',' || chr(10) ORDER BY point_ord) || '], "OperatorID": "' || operator_id
    || '", "OperatorName": ' || to_json(any_value(operator_name))::VARCHAR || '}}'
FROM records GROUP BY operator_id ORDER BY operator_id
"""

PUBLISHERS = (
    Publisher("ch.charging__ich_tanke_strom", "CH", "point", "application/json", _LINES, '{"EVSEData": [', "]}\n", ",\n"),
    Publisher(
        "ch.charging__ich_tanke_strom_status", "CH", "point", "application/json", _STATUS_LINES, '{"EVSEStatuses": [',
        "]}\n", ",\n", states=True, moving=True,
    ),
)  # fmt: skip
