"""Germany: the federal register as CSV. Preamble, Latin-1, semicolons, decimal commas, dd.mm.yyyy, lists in cells."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

_SLOTS = 6
_COLUMNS = (
    "Ladeeinrichtungs-ID;Betreiber;Anzeigename (Karte);Status;Art der Ladeeinrichtung;Anzahl Ladepunkte;"
    "Nennleistung Ladeeinrichtung [kW];Inbetriebnahmedatum;Straße;Hausnummer;Adresszusatz;Postleitzahl;Ort;"
    "Kreis/kreisfreie Stadt;Bundesland;Breitengrad;Längengrad;Standortbezeichnung;Informationen zum Parkraum;"
    "Bezahlsysteme;Öffnungszeiten;Öffnungszeiten: Wochentage;Öffnungszeiten: Tageszeiten;"
) + ";".join(f"Steckertypen{i};Nennleistung Stecker{i};EVSE-ID{i};Public Key{i}" for i in range(1, _SLOTS + 1))

_PREAMBLE = """Ladesäulenregister der Bundesnetzagentur (Simulation, erfundene Daten);
;
Die Liste enthält die Ladeeinrichtungen, deren Betreiber einer Veröffentlichung zugestimmt haben.;
"Eine Zeile ist eine Ladeeinrichtung; sie hat bis zu sechs Ladepunkte.";
;
Stand: 01.11.2026;
Lizenz: CC BY 4.0;
;
;
"""

_SLOT_SQL = ", ".join(
    f"coalesce(slots[{i}].plugs, ''), coalesce(slots[{i}].powers, ''), coalesce(slots[{i}].evse_id, ''), ''"
    for i in range(1, _SLOTS + 1)
)

_LINES = f"""
WITH plugged AS (
    SELECT *, coalesce(replace(CASE WHEN power_kw IS NOT NULL THEN num(power_kw) END, '.', ','), '') AS power_text,
        list_transform(connectors, lambda c: CASE
            WHEN defect = 'unknown_connector' THEN 'Hyperstecker Typ 9'
            WHEN c = 'iec62196T2COMBO' THEN 'DC Fahrzeugkupplung Typ Combo 2 (CCS)'
            WHEN c = 'chademo' THEN 'DC CHAdeMO'
            WHEN cable THEN 'AC Typ 2 Fahrzeugkupplung' ELSE 'AC Typ 2 Steckdose' END) AS plugs
    FROM said
), devices AS (
    SELECT station_ord, any_value(station_no) AS no, any_value(operator_name) AS operator, any_value(station_name) AS name,
        max(CASE WHEN phases = 0 THEN 1 ELSE 0 END) AS fast, count(*) AS points, sum(true_power_kw) AS total_kw,
        any_value(commissioned_on) AS commissioned_on, any_value(street) AS street, any_value(house_no) AS house_no,
        any_value(postal_code) AS postal_code, any_value(city) AS city, any_value(region_name) AS region_name,
        any_value(latitude) AS latitude, any_value(longitude) AS longitude, bool_or(open_247) AS open_247,
        bool_or(restricted) AS restricted, any_value(nuts3) AS nuts3, max(defect) FILTER (defect IN ('unreadable_date', 'truncated_record')) AS defect,
        list({{plugs: cell(array_to_string(plugs, '; '), ';'),
               powers: cell(array_to_string(list_transform(plugs, lambda p: power_text), '; '), ';'),
               -- one operator in five does not give its EVSE ids
               evse_id: CASE WHEN station_no % 5 > 0 THEN evse_id END}} ORDER BY point_no) AS slots
    FROM plugged GROUP BY station_ord
)
SELECT CASE WHEN defect = 'truncated_record' THEN regexp_extract(line, '^(?:[^;]*;){{8}}') ELSE line END FROM (
    SELECT station_ord, defect, concat_ws(';',
        1000000 + no, cell(operator, ';'), CASE WHEN no % 3 = 0 THEN cell(operator, ';') ELSE '' END, 'In Betrieb',
        CASE WHEN fast = 1 THEN 'Schnellladeeinrichtung' ELSE 'Normalladeeinrichtung' END, points,
        replace(num(total_kw), '.', ','),
        CASE WHEN defect = 'unreadable_date' THEN '31.02.2O22' ELSE strftime(commissioned_on, '%d.%m.%Y') END,
        cell(street, ';'), house_no, '', postal_code, cell(city, ';'), cell(region_name, ';'),
        CASE left(nuts3, 3) WHEN 'DE1' THEN 'Baden-Württemberg' WHEN 'DEA' THEN 'Nordrhein-Westfalen' ELSE 'Rheinland-Pfalz' END,
        coalesce(replace(num(latitude), '.', ','), ''), coalesce(replace(num(longitude), '.', ','), ''),
        CASE WHEN no % 4 = 0 THEN cell(name, ';') ELSE '' END,
        CASE WHEN restricted THEN 'Nur für Kunden' WHEN no % 2 = 0 THEN 'Keine Beschränkung' ELSE '' END,
        CASE WHEN fast = 1 THEN '"Kreditkarte (NFC);Debitkarte (NFC);Onlinezahlungsverfahren;RFID-Karte"'
             ELSE '"Onlinezahlungsverfahren;RFID-Karte"' END,
        CASE WHEN open_247 THEN '247' ELSE 'Keine Angabe' END, '', '', {_SLOT_SQL}) AS line
    FROM devices
) ORDER BY station_ord
"""

PUBLISHERS = (
    Publisher(
        "de.charging__bnetza", "DE", "station", "text/csv", _LINES, _PREAMBLE.replace("\n", "\r\n") + _COLUMNS + "\r\n",
        "\r\n", "\r\n", "latin-1",
    ),
)  # fmt: skip
