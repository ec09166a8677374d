"""Defects that the sandbox puts into its feeds on purpose, and what ought to become of each.

A defect befalls a station (all its points) or the first point of a station; a station has one defect at most. Which
stations, decides the seed. `verdict` is the one expected of the row: admitted, corrected or quarantined; `reason` names
the rule expected to speak (of a removed repeat: the duplicate's verdict). Truth is written to `truth/defects.csv`.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Feeds by the two letters of the country whose publisher they are.
_ALL = ("DE", "FR", "NL", "BE", "CH", "ES")
#: Feeds that give volts, amps and phases of a point.
_ELECTRIC = ("NL", "CH", "BE")


@dataclass(frozen=True)
class Defect:
    """`name`; `whole_station` or only its first point; `feeds` whose format can show it; expected `verdict`, `reason`,
    and `exceptions` by feed, where a format gives more to prove it by or its rule has another name."""

    name: str
    whole_station: bool
    feeds: tuple[str, ...]
    verdict: str
    reason: str
    exceptions: tuple[tuple[str, str, str], ...] = ()

    def expected(self, feed: str) -> tuple[str, str]:
        """Verdict and reason that a feed's row ought to get."""
        for country, verdict, reason in self.exceptions:
            if country == feed:
                return verdict, reason
        return self.verdict, self.reason


DEFECTS = (
    Defect("zero_coordinates", True, _ALL, "quarantined", "coordinates_zero"),
    Defect("swapped_coordinates", True, _ALL, "corrected", ""),
    Defect("copied_coordinates", True, _ALL, "quarantined", "coordinates_copied"),
    Defect("other_country", True, _ALL, "quarantined", "country_disagrees_with_place"),
    Defect("missing_coordinates", True, _ALL, "quarantined", "latitude_deg_missing"),
    Defect("power_absent", False, _ELECTRIC, "admitted", ""),
    # volts and amps of the record prove the power
    Defect("power_wrong_unit", False, _ALL, "quarantined", "power_kw_out_of_bounds", (("NL", "corrected", ""), ("BE", "corrected", ""), ("ES", "corrected", ""))),
    Defect("power_absurd", False, _ALL, "quarantined", "power_kw_out_of_bounds"),
    Defect("power_negative", False, _ALL, "quarantined", "power_kw_out_of_bounds"),
    Defect("unknown_connector", False, ("DE", "NL", "BE", "CH", "ES"), "quarantined", "unmapped_connector_type"),
    # the raw id stays and evse_id is null; OICP has no other id and demands that one
    Defect("malformed_evse_id", False, _ALL, "admitted", "", (("CH", "quarantined", "evse_id_malformed"),)),
    Defect("duplicate_identical", True, _ALL, "quarantined", "removed_because_repeated"),
    Defect("duplicate_older", True, ("FR", "NL", "BE", "CH"), "quarantined", "removed_because_older"),
    Defect(
        "unreadable_date", True, _ALL, "quarantined", "unreadable_time",
        (
            ("DE", "quarantined", "unreadable_date"), ("FR", "quarantined", "unreadable_date"),
            ("NL", "quarantined", "unreadable_last_updated"), ("CH", "quarantined", "unreadable_last_update"),
        ),
    ),
    Defect("empty_key", False, ("FR", "NL", "CH"), "quarantined", "point_id_missing"),
    Defect("truncated_record", True, ("DE",), "quarantined", "row_of_wrong_shape"),
)  # fmt: skip
#: Where a station of a country is put when it is said to be abroad by mistake: lon, lat in another country of the map.
ABROAD = {
    "DE": (5.55, 50.62), "FR": (8.45, 49.05), "NL": (5.30, 50.92),
    "BE": (6.45, 50.80), "CH": (7.70, 48.60), "ES": (1.40, 43.55),
}  # fmt: skip


def defects_of(feed: str) -> list[Defect]:
    """The defects that a country's feed can show."""
    return [defect for defect in DEFECTS if feed in defect.feeds]


#: From the points of a chunk (view `points`) to what the feed publishes (before repeats): column `defect`, and columns
#: changed by it. A watt feed ($factor 1000) that writes kW by mistake is wrong by a thousandth, a kW feed by a thousand.
DEFECTS_SQL = """
WITH struck AS (
    SELECT *, CASE WHEN luck < $rate THEN list_extract($names, 1 + (floor(luck_2 * len($names)) % len($names))::INTEGER) END AS chosen
    FROM points
), befallen AS (
    SELECT * EXCLUDE (chosen), CASE WHEN point_no = 1 OR list_contains($whole, chosen) THEN chosen END AS defect FROM struck
)
SELECT * REPLACE (
    CASE defect WHEN 'zero_coordinates' THEN 0 WHEN 'missing_coordinates' THEN NULL
        WHEN 'swapped_coordinates' THEN latitude WHEN 'copied_coordinates' THEN latitude
        WHEN 'other_country' THEN round($abroad[1] + (luck_3 - 0.5) * 0.04, 6) ELSE longitude END AS longitude,
    CASE defect WHEN 'zero_coordinates' THEN 0 WHEN 'missing_coordinates' THEN NULL
        WHEN 'swapped_coordinates' THEN longitude
        WHEN 'other_country' THEN round($abroad[2] + (luck_2 - 0.5) * 0.04, 6) ELSE latitude END AS latitude,
    CASE defect WHEN 'power_absent' THEN NULL
        WHEN 'power_wrong_unit' THEN CASE $factor WHEN 1 THEN power_kw * 1000 ELSE power_kw / 1000 END
        WHEN 'power_absurd' THEN 99999999 WHEN 'power_negative' THEN -power_kw ELSE power_kw END AS power_kw,
    CASE WHEN defect = 'malformed_evse_id' THEN left(operator_id, 2) || '?' || station_no || '#' || point_no
        WHEN defect = 'empty_key' THEN NULL ELSE evse_id END AS evse_id
    ),
    evse_id AS true_evse_id, power_kw AS true_power_kw,
    coalesce(defect, '') AS fault, 0 AS repeat_no
FROM befallen
"""
