"""Belgium: DATEX II v3 AFIR recharging profile as JSON in a message container, table and status."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

_CREATOR = '"lang": "en", "publicationTime": "@AT@", "publicationCreator": {"country": "BE", "nationalIdentifier": "BE-NAP-sandbox"}'
_PROFILE = '"versionG": "3.6", "modelBaseVersionG": "3", "profileNameG": "AFIR Energy Infrastructure", "profileVersionG": "01-00-00"'
_EXCHANGE = (
    '"exchangeInformation": {"exchangeContext": {"codedExchangeProtocol": {"value": "snapshotPull"}, '
    '"exchangeSpecificationVersion": "3.0", "supplierOrCisRequester": {}}, "dynamicInformation": '
    '{"exchangeStatus": {"value": "online"}, "messageGenerationTimestamp": "@AT@"}}'
)


def _text(value: str, lang: str = "fr") -> str:
    return f"{{values: [{{lang: '{lang}', value: {value}}}]}}"


_LINES = f"""
SELECT to_json({{
    idG: station_key, versionG: '1', name: {_text("any_value(station_name)")},
    lastUpdated: CASE WHEN bool_or(defect = 'unreadable_date') THEN '2026-13-45T99:00:00Z' ELSE utc(any_value(updated_at)) END,
    accessibility: [], operatingHours: CASE WHEN bool_or(open_247) THEN {{afacOpenAllHours: MAP {{}}}} END,
    locationReference: {{locPointLocation: {{
        coordinatesForDisplay: CASE WHEN any_value(latitude) IS NOT NULL THEN {{latitude: any_value(latitude), longitude: any_value(longitude)}} END,
        locLocationExtensionG: {{FacilityLocation: {{address: {{
            postcode: any_value(postal_code), city: {_text("any_value(city)")}, countryCode: any_value(country),
            addressLine: [
                {{"order": 1, type: {{value: 'street'}}, text: {_text("any_value(street)")}}},
                {{"order": 2, type: {{value: 'houseNumber'}}, text: {_text("any_value(house_no)")}}}]}}}}}}}}}},
    operator: {{afacAnOrganisation: {{idG: any_value(operator_id), versionG: '1', name: {_text("any_value(operator_name)")},
        externalIdentifier: any_value(operator_id)}}}},
    energyInfrastructureStation: [{{
        idG: station_key || '-1', versionG: '1', numberOfRefillPoints: count(*),
        authenticationAndIdentificationMethods: CASE WHEN bool_or(phases = 0) THEN [{{value: 'rfid'}}, {{value: 'apps'}}, {{value: 'creditCard'}}]
            ELSE [{{value: 'rfid'}}, {{value: 'apps'}}] END,
        refillPoint: list({{aegiElectricChargingPoint: {{
            idG: coalesce(evse_id, ''), versionG: '1', externalIdentifier: [{{identifier: evse_id, typeOfIdentifier: {{value: 'evseId'}}}}],
            deliveryUnit: {{value: 'kWh'}}, currentType: {{value: CASE phases WHEN 0 THEN 'dc' ELSE 'ac' END}},
            connector: list_transform(connectors, lambda c: {{
                connectorType: {{value: CASE WHEN defect = 'unknown_connector' THEN 'iec99999T9' ELSE c END}},
                chargingMode: {{value: CASE phases WHEN 0 THEN 'mode4DC' WHEN 1 THEN 'mode3AC1p' ELSE 'mode3AC3p' END}},
                connectorFormat: {{value: CASE WHEN cable THEN 'cableMode3' ELSE 'socket' END}},
                maxPowerAtSocket: round(power_kw * 1000)::BIGINT, voltage: volts, maximumCurrent: amps}})
        }}}} ORDER BY point_no)
    }}]
}})::VARCHAR
FROM said GROUP BY station_ord, station_key ORDER BY station_ord
"""

_STATUS_LINES = """
SELECT to_json({
    reference: {targetClass: 'FacilityObject', idG: station_key, versionG: '1'}, lastUpdated: utc(max(status_at)),
    energyInfrastructureStationStatus: [{
        reference: {targetClass: 'FacilityObject', idG: station_key || '-1', versionG: '1'},
        refillPointStatus: list({aegiElectricChargingPointStatus: {
            reference: {targetClass: 'FacilityObject', idG: evse_id, versionG: '1'}, lastUpdated: utc(status_at),
            status: {value: CASE status WHEN 'available' THEN 'available' WHEN 'occupied' THEN 'charging' WHEN 'reserved' THEN 'reserved'
                WHEN 'out_of_service' THEN 'outOfOrder' ELSE 'unknown' END}
        }} ORDER BY point_no)
    }]
})::VARCHAR
FROM said WHERE fault NOT IN ('malformed_evse_id', 'empty_key') AND repeat_no = 0
GROUP BY station_ord, station_key ORDER BY station_ord
"""

PUBLISHERS = (
    Publisher(
        "be.charging__eco_movement", "BE", "point", "application/json", _LINES,
        f'{{"messageContainer": {{"payload": [{{{_PROFILE}, "aegiEnergyInfrastructureTablePublication": {{{_CREATOR}, '
        '"energyInfrastructureTable": [{"idG": "BE-TABLE", "versionG": "1", "energyInfrastructureSite": [\n',
        f"]}}]}}}}], {_EXCHANGE}}}}}\n", ",\n",
    ),
    Publisher(
        "be.charging__eco_movement_status", "BE", "point", "application/json", _STATUS_LINES,
        f'{{"messageContainer": {{"payload": [{{{_PROFILE}, "aegiEnergyInfrastructureStatusPublication": {{{_CREATOR}, '
        '"tableReference": [{"targetClass": "EnergyInfrastructureTable", "idG": "BE-TABLE", "versionG": "1"}], '
        '"energyInfrastructureSiteStatus": [\n',
        f"]}}}}], {_EXCHANGE}}}}}\n", ",\n", states=True, moving=True,
    ),
)  # fmt: skip
