"""What differs between the sandbox's countries: how many points, where, of what power, run by whom. All names are invented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of recharging station: nominal `power_kw`, electricity (V, A, phases; 0 for direct current), connectors."""

    name: str
    power_kw: float
    volts: int
    amps: int
    phases: int
    connectors: tuple[str, ...]
    points: tuple[tuple[int, float], ...]  # (points of a station, probability)

    @property
    def exact_kw(self) -> float:
        """Power that follows from volts, amps and phases, kW."""
        return round(self.volts * self.amps * max(self.phases, 1) / 1000, 3)


_AC, _CCS, _CHADEMO = "iec62196T2", "iec62196T2COMBO", "chademo"
KINDS = (
    Kind("ac3.7", 3.7, 230, 16, 1, (_AC,), ((1, 0.8), (2, 0.2))),
    Kind("ac11", 11, 230, 16, 3, (_AC,), ((1, 0.15), (2, 0.75), (4, 0.1))),
    Kind("ac22", 22, 230, 32, 3, (_AC,), ((1, 0.15), (2, 0.75), (4, 0.1))),
    Kind("dc50", 50, 400, 125, 0, (_CCS, _CHADEMO), ((1, 0.7), (2, 0.3))),
    Kind("dc150", 150, 400, 375, 0, (_CCS,), ((2, 0.7), (4, 0.3))),
    Kind("dc300", 300, 800, 375, 0, (_CCS,), ((2, 0.5), (4, 0.35), (6, 0.15))),
)


@dataclass(frozen=True)
class Profile:
    """A country: `share` of all points, `mix` of the KINDS by stations, `rural` weight of land outside towns (0 to 1).

    `exact_power`: the feed writes volts times amps, not the nominal power. `busy`, `broken`, `silent`: shares of
    points occupied at noon, out of service, and of unknown status. `operators`: (name, three characters, weight).
    """

    country: str
    alpha3: str
    language: str
    share: float
    mix: tuple[float, ...]
    rural: float
    exact_power: bool
    busy: float
    broken: float
    silent: float
    streets: tuple[str, ...]
    operators: tuple[tuple[str, str, float], ...]


PROFILES = (
    Profile(
        "DE", "DEU", "de", 0.27, (0.06, 0.40, 0.34, 0.05, 0.06, 0.09), 0.10, False, 0.16, 0.03, 0.05,
        ("Hauptstraße", "Bahnhofstraße", "Rathausplatz", "Industriestraße", "Am Markt", "Gartenweg", "Lindenallee"),
        (("Rurstrom Laden GmbH", "RSL", 5), ("Stadtwerke Kaiserquell", "SWK", 4), ("Oberrhein Energie AG", "ORE", 6),
         ("Autohof Blitz GmbH", "AHB", 3), ("Schwarzwald Mobil eG", "SWM", 2), ("Schnellnetz Europa SE", "SNE", 3)),
    ),
    Profile(
        "FR", "FRA", "fr", 0.23, (0.10, 0.12, 0.56, 0.07, 0.06, 0.09), 0.16, False, 0.12, 0.08, 0.10,
        ("Rue de la Gare", "Place de la Mairie", "Avenue des Vosges", "Route de Strasbourg", "Rue des Écoles"),
        (("Réseau Alsace Recharge", "RAR", 5), ("Pyrénées Mobilité", "PYM", 5), ("Bornes du Sud-Ouest", "BSO", 4),
         ("Hyper Charge SAS", "HYC", 4), ("Schnellnetz Europa SE", "SNE", 2)),
    ),
    Profile(
        "NL", "NLD", "nl", 0.17, (0.02, 0.78, 0.15, 0.01, 0.02, 0.02), 0.12, True, 0.31, 0.02, 0.06,
        ("Stationsstraat", "Kerkplein", "Maasboulevard", "Dorpsstraat", "Wilhelminalaan", "Molenweg"),
        (("Laadpaal Limburg BV", "LPL", 7), ("Maasstroom Laden", "MSL", 5), ("Snelweg Stroom BV", "SWS", 2),
         ("Schnellnetz Europa SE", "SNE", 2)),
    ),
    Profile(
        "BE", "BEL", "fr", 0.12, (0.04, 0.50, 0.33, 0.04, 0.05, 0.04), 0.14, True, 0.19, 0.04, 0.08,
        ("Rue Neuve", "Kerkstraat", "Chaussée de Liège", "Grote Markt", "Place Communale", "Bahnhofstraße"),
        (("Mosane Mobilité SA", "MOM", 5), ("Limburg Laadt NV", "LBL", 5), ("Hautes Fagnes Énergie", "HFE", 2),
         ("Snelweg Stroom BV", "SWS", 2)),
    ),
    Profile(
        "CH", "CHE", "de", 0.11, (0.03, 0.22, 0.51, 0.06, 0.10, 0.08), 0.14, True, 0.17, 0.02, 0.12,
        ("Bahnhofplatz", "Dorfstrasse", "Rheinweg", "Aarestrasse", "Industriestrasse", "Rue du Jura"),
        (("Aareladen AG", "AAL", 5), ("Jura Électromobilité", "JEM", 2), ("Rheinknie Strom", "RKS", 5),
         ("Passstrasse Schnelllader", "031", 2)),
    ),
    Profile(
        "ES", "ESP", "es", 0.10, (0.14, 0.14, 0.34, 0.18, 0.12, 0.08), 0.18, False, 0.07, 0.10, 0.15,
        ("Calle Mayor", "Avenida de Francia", "Plaza de España", "Carretera de Jaca", "Polígono Industrial Norte"),
        (("Recarga Pirineos SL", "RPI", 5), ("Ebro Electrolineras", "EBE", 4), ("Costa Carga SA", "COC", 4)),
    ),
)  # fmt: skip
#: Feeds that also describe some stations abroad near their border (the record says which country).
DESCRIBES_ABROAD = ("NL", "BE", "CH")
