"""BNetzA Ladesäulenregister: the German register of charging devices, CSV and XLSX, every layout since 2017."""

from __future__ import annotations

from typing import TYPE_CHECKING

from euregio.extract.decode.csv_table import read_csv_table
from euregio.extract.decode.headers import Fields, key
from euregio.extract.decode.plain import ZIP
from euregio.extract.decode.registry import Format
from euregio.extract.decode.workbook import read_workbook

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "bnetza-register", "BNetzA Ladesäulenregister (CSV, XLSX)", "recharging_point",
    "a charging device (Ladeeinrichtung) as a row, with its recharging points beside one another",
)  # fmt: skip

#: Groups of plug columns (1. Ladepunkt, 2. Ladepunkt …). The publisher has had four, then six.
GROUPS = 12

#: Field to the writings of its header, besides its own name.
_WRITINGS: dict[str, tuple[str, ...]] = {
    "ladeeinrichtungs_id": ("Ladeeinrichtungs-ID", "ID"),
    "betreiber": (),
    "anzeigename": ("Anzeigename (Karte)",),
    "status": (),
    "art_der_ladeeinrichtung": ("Art der Ladeeinrichung",),
    "anzahl_ladepunkte": ("Anzahl der Ladepunkte",),
    "nennleistung_ladeeinrichtung": (
        "Nennleistung Ladeeinrichtung [kW]", "Anschlussleistung", "Anschlussleistung [kW]", "Nennleistung [kW]",
    ),
    "inbetriebnahmedatum": (),
    "standort": ("Standort (Adresse)",),
    "strasse": ("Adresse",),
    "hausnummer": ("Haus-Nr.",),
    "adresszusatz": (),
    "postleitzahl": ("PLZ",),
    "ort": ("Stadt",),
    "postleitzahl_ort": ("PLZ Ort",),
    "kreis": ("Kreis/kreisfreie Stadt",),
    "bundesland": (),
    "breitengrad": ("Breitengrad [DG]", "Breite"),
    "laengengrad": ("Längengrad", "Längengrad [DG]", "Laengengrad [DG]", "Länge"),
    "standortbezeichnung": (),
    "parkraum": ("Informationen zum Parkraum",),
    "bezahlsysteme": (),
    "oeffnungszeiten": ("Öffnungszeiten",),
    "wochentage": ("Öffnungszeiten: Wochentage", "Oeffnungszeiten: Wochentage"),
    "tageszeiten": ("Öffnungszeiten: Tageszeiten", "Oeffnungszeiten: Tageszeiten"),
}  # fmt: skip
_GROUP_WRITINGS: dict[str, tuple[str, ...]] = {
    "steckertypen": ("Steckertypen {}", "Steckertyp {}"),
    "nennleistung_stecker": ("Nennleistung Stecker {}", "Nennleistung Stecker {} [kW]", "P{} [kW]", "P{}"),
    "evse_id": ("EVSE-ID {}",),
    "public_key": ("Public Key {}",),
}


def _fields() -> Fields:
    writings = dict(_WRITINGS)
    for group in range(1, GROUPS + 1):
        for name, patterns in _GROUP_WRITINGS.items():
            writings[f"{name}{group}"] = tuple(pattern.format(group) for pattern in patterns)
    return Fields(
        names=tuple(writings),
        aliases={key(text): name for name, texts in writings.items() for text in (name, *texts)},
        essential=(("betreiber",), ("breitengrad",), ("laengengrad",), ("anzahl_ladepunkte",), ("steckertypen1",)),
    )


FIELDS = _fields()


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per device, all text, in one set of names for every layout.

    Of a workbook, numbers come in their shortest writing with a decimal point and dates as ISO 8601.
    Raises DecodeError where the file is no CSV or XLSX with operator, place, number of points and plugs.
    """
    if source.head(4) in ZIP:
        return read_workbook(source, FIELDS, con)
    return read_csv_table(source, FIELDS, con)
