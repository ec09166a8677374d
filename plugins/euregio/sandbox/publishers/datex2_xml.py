"""Spain: DATEX II v3 energy infrastructure table as XML. The EVSE id is the point's name; the address is labelled text."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<d2:payload xmlns:d2="http://datex2.eu/schema/3/d2Payload" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:com="http://datex2.eu/schema/3/common" xmlns:loc="http://datex2.eu/schema/3/locationReferencing" \
xmlns:egi="http://datex2.eu/schema/3/energyInfrastructure" xmlns:fac="http://datex2.eu/schema/3/facilities" \
xmlns:locx="http://datex2.eu/schema/3/locationExtension" xsi:type="egi:EnergyInfrastructureTablePublication" lang="es" \
modelBaseVersion="3"><com:publicationTime>@AT@</com:publicationTime><com:publicationCreator><com:country>ES</com:country>\
<com:nationalIdentifier>dgt</com:nationalIdentifier></com:publicationCreator>
<egi:energyInfrastructureTable id="ELECTROLINERAS" version="1">
"""
_TAIL = "\n</egi:energyInfrastructureTable></d2:payload>\n"

_LINES = """
WITH points AS (
    SELECT *, '<egi:refillPoint xsi:type="egi:ElectricChargingPoint" id="' || station_key || '_P' || point_no || '" version="">'
        || '<fac:name><com:values><com:value lang="es">' || coalesce(xml(evse_id), '') || '</com:value></com:values></fac:name>'
        || array_to_string(list_transform(connectors, lambda c:
            '<egi:connector><egi:connectorType>' || CASE WHEN defect = 'unknown_connector' THEN 'superEnchufe' ELSE c END
            || '</egi:connectorType><egi:chargingMode>' || CASE phases WHEN 0 THEN 'mode4DC' WHEN 1 THEN 'mode3AC1p' ELSE 'mode3AC3p' END
            || '</egi:chargingMode><egi:connectorFormat>' || CASE WHEN cable THEN 'cableMode3' ELSE 'socket' END
            || '</egi:connectorFormat><egi:maxPowerAtSocket>' || format('{:.1f}', power_kw * 1000)
            || '</egi:maxPowerAtSocket><egi:maximumCurrent>' || amps || '.0</egi:maximumCurrent></egi:connector>'), '')
        || '</egi:refillPoint>' AS xml_point
    FROM said
)
SELECT '<egi:energyInfrastructureSite id="' || station_key || '" version=""><fac:name><com:values><com:value lang="es">'
    || xml(any_value(station_name)) || '</com:value></com:values></fac:name><fac:lastUpdated>'
    || CASE WHEN bool_or(defect = 'unreadable_date') THEN '2026-13-45T99:00:00' ELSE strftime(any_value(updated_at), '%Y-%m-%dT%H:%M:%S.000+00:00') END
    || '</fac:lastUpdated><fac:accessibility xsi:nil="true"/>'
    || CASE WHEN bool_or(open_247) THEN '<fac:operatingHours xsi:type="fac:OperatingHoursSpecification" id="24/7" version=""><fac:label/></fac:operatingHours>' ELSE '' END
    || '<fac:locationReference xsi:type="loc:PointLocation"><loc:_locationReferenceExtension><loc:facilityLocation><locx:address><locx:postcode>'
    || any_value(postal_code) || '</locx:postcode><locx:addressLine order="1"><locx:type>generalTextLine</locx:type><locx:text><com:values><com:value lang="es">Dirección: '
    || xml(any_value(street || ' ' || house_no)) || '</com:value></com:values></locx:text></locx:addressLine>'
    || '<locx:addressLine order="2"><locx:type>generalTextLine</locx:type><locx:text><com:values><com:value lang="es">Municipio: '
    || xml(any_value(city)) || '</com:value></com:values></locx:text></locx:addressLine></locx:address></loc:facilityLocation></loc:_locationReferenceExtension>'
    || CASE WHEN any_value(latitude) IS NULL THEN '' ELSE '<loc:coordinatesForDisplay><loc:latitude>' || num(any_value(latitude)) || '</loc:latitude><loc:longitude>'
        || num(any_value(longitude)) || '</loc:longitude></loc:coordinatesForDisplay>' END
    || '</fac:locationReference><fac:operator xsi:type="fac:OrganisationSpecification" id="' || left(any_value(operator_id), 2) || '*' || substr(any_value(operator_id), 3)
    || '" version=""><fac:name><com:values><com:value lang="es">' || xml(any_value(operator_name)) || '</com:value></com:values></fac:name><fac:organisationUnit/></fac:operator>'
    || '<egi:typeOfSite>' || CASE WHEN bool_or(phases = 0) THEN 'openSpace' ELSE 'onstreet' END || '</egi:typeOfSite>'
    || '<egi:energyInfrastructureStation id="' || station_key || '_1" version="">'
    || '<egi:authenticationAndIdentificationMethods>rfid</egi:authenticationAndIdentificationMethods>'
    || CASE WHEN bool_or(phases = 0) THEN '<egi:authenticationAndIdentificationMethods>creditCard</egi:authenticationAndIdentificationMethods>' ELSE '' END
    || string_agg(xml_point, '' ORDER BY point_no) || '</egi:energyInfrastructureStation></egi:energyInfrastructureSite>'
FROM points GROUP BY station_ord, station_key ORDER BY station_ord
"""

PUBLISHERS = (
    Publisher("es.charging__electrolineras", "ES", "point", "application/xml", _LINES, _HEAD, _TAIL),
)  # fmt: skip
