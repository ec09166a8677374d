"""IRVE static: the French register of recharging points as CSV, schema 2.x and 3.0, its national consolidation, version 1."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from euregio.extract.decode.csv_table import read_csv_table
from euregio.extract.decode.headers import Fields, key
from euregio.extract.decode.registry import Format

if TYPE_CHECKING:
    import duckdb

    from euregio.extract.decode.plain import Source

FORMAT = Format(
    "irve-static",
    "IRVE static (CSV 2.x, 3.0, consolidated, 1.0)",
    "recharging_point",
    "a recharging point (pdc) as a row",
)

#: Names of schema 2.3.1 (Etalab, schema-irve-statique), of the consolidation (transport.data.gouv.fr), of schema 3.0 (its
#: alpha) and of version 1 where that has no counterpart. `layout` says which of them a file is.
_NAMES = (
    "nom_amenageur", "siren_amenageur", "contact_amenageur", "nom_operateur", "contact_operateur",
    "telephone_operateur", "nom_enseigne", "id_station_itinerance", "id_station_local", "nom_station",
    "implantation_station", "adresse_station", "code_insee_commune", "coordonneesXY", "nbre_pdc",
    "id_pdc_itinerance", "id_pdc_local", "puissance_nominale", "prise_type_ef", "prise_type_2",
    "prise_type_combo_ccs", "prise_type_chademo", "prise_type_autre", "gratuit", "paiement_acte", "paiement_cb",
    "paiement_autre", "tarification", "condition_acces", "reservation", "horaires", "accessibilite_pmr",
    "restriction_gabarit", "station_deux_roues", "raccordement", "num_pdl", "date_mise_en_service", "observations",
    "date_maj", "cable_t2_attache", "last_modified", "datagouv_dataset_id", "datagouv_resource_id",
    "datagouv_organization_or_owner", "consolidated_longitude", "consolidated_latitude", "consolidated_code_postal",
    "consolidated_commune", "longitude", "latitude", "type_prise", "acces_recharge", "accessibilite", "source",
    "code_postal", "puissance_maximale_station", "prise_type_mcs",
)  # fmt: skip

#: Version 1 (2017), schema 3.0, and other writings.
_ALIASES = {
    "station_latitude": "latitude", "station_longitude": "longitude", "nb_pdc": "nbre_pdc",
    "puissance_nominale_kw": "puissance_nominale", "puissance_maximale_station_kw": "puissance_maximale_station",
    "horodatage_maj": "date_maj",
    "n_amenageur": "nom_amenageur", "n_operateur": "nom_operateur", "n_enseigne": "nom_enseigne",
    "id_station": "id_station_itinerance", "n_station": "nom_station", "ad_station": "adresse_station",
    "code_insee": "code_insee_commune", "id_pdc": "id_pdc_itinerance", "puiss_max": "puissance_nominale",
    "Xlongitude": "longitude", "Ylatitude": "latitude",
}  # fmt: skip

FIELDS = Fields(
    names=(*_NAMES, "layout"),
    aliases={key(name): name for name in _NAMES} | {key(alias): name for alias, name in _ALIASES.items()},
    essential=(
        ("id_pdc_itinerance", "id_pdc_local"),
        ("coordonneesXY", "longitude", "consolidated_longitude"),
        ("coordonneesXY", "latitude", "consolidated_latitude"),
    ),
)


def decode(source: Source, con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per recharging point, all text, in the names of schema 2.3; `layout` is `3.0`, `2.1` (and later), `2.0` or `1.0`.

    Raises DecodeError where the file is no CSV with an id and a place in each row.
    """
    return read_csv_table(source, FIELDS, con, {"layout": _layout_of})


def _layout_of(columns: Collection[str]) -> str:
    if "prise_type_mcs" in columns:
        return "3.0"
    if "cable_t2_attache" in columns:
        return "2.1"
    return "2.0" if "coordonneesXY" in columns else "1.0"
