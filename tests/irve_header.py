"""The header of the small IRVE files that tests make themselves."""

FIELDS = (
    "nom_operateur,id_station_itinerance,id_pdc_itinerance,coordonneesXY,puissance_nominale,prise_type_2,"
    "prise_type_combo_ccs,condition_acces,horaires,date_maj"
)
