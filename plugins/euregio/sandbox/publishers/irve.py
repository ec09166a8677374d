"""France: the national base of recharging infrastructure (IRVE) as CSV, static (schema 2.3) and dynamic."""

from __future__ import annotations

from euregio.sandbox.publishers.writing import Publisher

_STATIC = (
    "nom_amenageur,siren_amenageur,contact_amenageur,nom_operateur,contact_operateur,telephone_operateur,nom_enseigne,"
    "id_station_itinerance,id_station_local,nom_station,implantation_station,adresse_station,code_insee_commune,"
    "coordonneesXY,nbre_pdc,id_pdc_itinerance,id_pdc_local,puissance_nominale,prise_type_ef,prise_type_2,"
    "prise_type_combo_ccs,prise_type_chademo,prise_type_autre,gratuit,paiement_acte,paiement_cb,paiement_autre,"
    "tarification,condition_acces,reservation,horaires,accessibilite_pmr,restriction_gabarit,station_deux_roues,"
    "raccordement,num_pdl,date_mise_en_service,observations,date_maj,cable_t2_attache\n"
)

# Ids are written without separators by some operators, with them by others; booleans in either case.
_STATIC_LINES = """
SELECT concat_ws(',',
    cell(operator_name, ','), '', 'contact@example.org', cell(operator_name, ','), 'contact@example.org', '',
    cell(operator_name, ','), replace(regexp_replace(true_evse_id, '\\*E([0-9]+)\\*.*', '*P\\1'), '*', ''), '',
    cell(station_name, ','), CASE WHEN phases = 0 THEN 'Station dédiée à la recharge rapide' WHEN restricted THEN 'Parking privé à usage public' ELSE 'Voirie' END,
    cell(house_no || ' ' || street || ', ' || postal_code || ' ' || city, ','), '',
    CASE WHEN latitude IS NULL THEN '' ELSE '"[' || num(longitude) || ', ' || num(latitude) || ']"' END, n_points,
    coalesce(CASE WHEN station_no % 4 = 0 OR defect = 'malformed_evse_id' THEN evse_id ELSE replace(evse_id, '*', '') END, ''),
    '', coalesce(num(power_kw), ''),
    CASE WHEN kind_name = 'ac3.7' THEN 'true' ELSE 'false' END,
    CASE WHEN list_contains(connectors, 'iec62196T2') THEN CASE station_no % 7 WHEN 0 THEN 'True' ELSE 'true' END ELSE 'false' END,
    CASE WHEN list_contains(connectors, 'iec62196T2COMBO') THEN 'true' ELSE 'FALSE' END,
    CASE WHEN list_contains(connectors, 'chademo') THEN 'TRUE' ELSE 'false' END,
    'false', 'false', 'true', CASE WHEN phases = 0 THEN 'true' ELSE 'false' END, 'true', '0.45 EUR / kWh',
    CASE WHEN restricted THEN 'Accès réservé' ELSE 'Accès libre' END, 'false',
    CASE WHEN open_247 THEN '24/7' ELSE '"Mo-Sa 08:00-20:00,Su 09:00-18:00"' END,
    'Accessibilité inconnue', 'inconnu', 'false', CASE WHEN phases = 0 THEN 'Direct' ELSE '' END, '',
    commissioned_on, '', CASE WHEN defect = 'unreadable_date' THEN '2026-13-45' ELSE strftime(updated_at, '%Y-%m-%d') END,
    CASE WHEN cable AND phases > 0 THEN 'true' WHEN phases = 0 THEN '' ELSE 'false' END)
FROM said ORDER BY point_ord
"""

_DYNAMIC_LINES = """
SELECT concat_ws(',',
    CASE WHEN station_no % 4 = 0 THEN evse_id ELSE replace(evse_id, '*', '') END,
    CASE status WHEN 'out_of_service' THEN 'hors_service' WHEN 'unknown' THEN 'inconnu' ELSE 'en_service' END,
    CASE status WHEN 'available' THEN 'libre' WHEN 'occupied' THEN 'occupe' WHEN 'reserved' THEN 'reserve' ELSE 'inconnu' END,
    strftime(status_at, '%Y-%m-%dT%H:%M:%S+0000'),
    CASE WHEN list_contains(connectors, 'iec62196T2') THEN CASE status WHEN 'out_of_service' THEN 'hors_service' WHEN 'unknown' THEN 'inconnu' ELSE 'fonctionnel' END ELSE '' END,
    CASE WHEN list_contains(connectors, 'iec62196T2COMBO') THEN CASE status WHEN 'out_of_service' THEN 'hors_service' WHEN 'unknown' THEN 'inconnu' ELSE 'fonctionnel' END ELSE '' END,
    CASE WHEN list_contains(connectors, 'chademo') THEN CASE status WHEN 'out_of_service' THEN 'hors_service' WHEN 'unknown' THEN 'inconnu' ELSE 'fonctionnel' END ELSE '' END,
    CASE WHEN kind_name = 'ac3.7' THEN CASE status WHEN 'out_of_service' THEN 'hors_service' WHEN 'unknown' THEN 'inconnu' ELSE 'fonctionnel' END ELSE '' END)
FROM said WHERE fault NOT IN ('malformed_evse_id', 'empty_key') AND repeat_no = 0 ORDER BY point_ord
"""

PUBLISHERS = (
    Publisher("fr.charging__irve_static", "FR", "point", "text/csv; charset=utf-8", _STATIC_LINES, _STATIC, "\n"),
    Publisher(
        "fr.charging__irve_dynamic", "FR", "point", "text/csv; charset=utf-8", _DYNAMIC_LINES,
        "id_pdc_itinerance,etat_pdc,occupation_pdc,horodatage,etat_prise_type_2,etat_prise_type_combo_ccs,"
        "etat_prise_type_chademo,etat_prise_type_ef\n", "\n", states=True, moving=True,
    ),
)  # fmt: skip
