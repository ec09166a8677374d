"""The files: the same for a seed, of the asked size, readable, and as the truth says."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from euregio.sandbox.build import Built
from euregio.sandbox.defects import DEFECTS
from euregio.sandbox.profiles import PROFILES
from euregio.sandbox.publishers import PUBLISHERS
from euregio.sandbox.running import Sandbox


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*sorted((folder / "files").iterdir()), *sorted((folder / "truth").iterdir())]
    }


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        with Built(tmp_path / name, 900, seed, 0.1):
            pass
    one, two, other = (hashes(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    charging = [name for name in one if ".charging__" in name and "eurostat" not in name]
    assert len(charging) == 9
    assert all(one[name] != other[name] for name in charging)


def test_a_folder_is_used_again_for_the_same_and_emptied_for_another(tmp_path: Path) -> None:
    with Built(tmp_path, 800, 5, 0.1) as first:
        lines, before = first.lines, hashes(tmp_path)
        written = (tmp_path / "feeds" / "DE" / "own-000.parquet").stat().st_mtime_ns
    with Built(tmp_path, 800, 5, 0.1) as again:
        assert again.lines == lines
        assert again.file("nl.charging__dot_nl").path.exists()
        assert hashes(tmp_path) == before
        assert (tmp_path / "feeds" / "DE" / "own-000.parquet").stat().st_mtime_ns == written
    with Built(tmp_path, 300, 5, 0.1):
        pass
    with Built(tmp_path / "fresh", 300, 5, 0.1):
        pass
    assert hashes(tmp_path) == hashes(tmp_path / "fresh")


@pytest.mark.parametrize("size", [1, 7, 1500])
def test_a_sandbox_has_as_many_points_as_asked(size: int, tmp_path: Path, truth) -> None:
    with Sandbox(size=size, seed=3, defects=0, work=tmp_path) as sandbox:
        assert truth(sandbox, "SELECT count(*) FROM points WHERE NOT is_copy AND NOT is_repeat") == [(size,)]


@pytest.mark.parametrize(("size", "rate"), [(0, 0.1), (10_000_001, 0.1), (100, -0.1), (100, 1.1)])
def test_a_senseless_size_or_rate_is_refused(size: int, rate: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be from"):
        Built(tmp_path, size, 1, rate)


def test_chunks_join_without_seam(tmp_path: Path, truth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("euregio.sandbox.points.CHUNK", 300)
    with Sandbox(size=3000, seed=3, defects=0.1, work=tmp_path) as sandbox:
        assert len(list((tmp_path / "feeds" / "FR").glob("own-*.parquet"))) == 3
        [(records, distinct)] = truth(
            sandbox, "SELECT max(record), count(DISTINCT record) FROM points WHERE dataset = 'fr.charging__irve_static'"
        )
        assert records == distinct
        body = sandbox.built.file("fr.charging__irve_static").path.read_text()
        rows = list(csv.DictReader(io.StringIO(body)))
        ids = truth(sandbox, "SELECT evse_id FROM points WHERE dataset = 'fr.charging__irve_static' ORDER BY record")
        assert [row["id_pdc_itinerance"].replace("*", "") for row in rows] == [
            (i or "").replace("*", "") for (i,) in ids
        ]


def test_the_german_register_reads_as_csv(spoiled: Sandbox, truth) -> None:
    text = spoiled.built.file("de.charging__bnetza").path.read_bytes().decode("latin-1")
    lines = text.split("\r\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("Ladeeinrichtungs-ID;"))
    assert start >= 8
    rows = list(csv.reader(lines[start:-1], delimiter=";"))
    header, devices = rows[0], rows[1:]
    assert len(header) == 47
    whole = [row for row in devices if len(row) == len(header)]
    [(records, truncated)] = truth(
        spoiled,
        "SELECT count(DISTINCT record), count(DISTINCT record) FILTER (fault = 'truncated_record') FROM points "
        "WHERE dataset = 'de.charging__bnetza'",
    )
    assert (len(devices), len(devices) - len(whole)) == (records, truncated)
    assert truncated > 0
    assert sum(int(row[header.index("Anzahl Ladepunkte")]) for row in whole) == truth(
        spoiled, "SELECT count(*) FROM points WHERE dataset = 'de.charging__bnetza' AND fault <> 'truncated_record'"
    )[0][0]  # fmt: skip
    assert any("," in row[header.index("Breitengrad")] for row in whole)
    assert any("; " in row[header.index("Steckertypen1")] for row in whole)
    assert "ü" in text


def test_the_other_feeds_read_with_the_standard_tools(spoiled: Sandbox, truth) -> None:
    def body(dataset: str) -> bytes:
        return spoiled.built.file(dataset).path.read_bytes()

    locations = json.loads(gzip.decompress(body("nl.charging__dot_nl")))
    assert len([evse for location in locations for evse in location["evses"]]) == published(truth, spoiled, "NL")
    records = [
        r for group in json.loads(body("ch.charging__ich_tanke_strom"))["EVSEData"] for r in group["EVSEDataRecord"]
    ]
    assert len(records) == published(truth, spoiled, "CH")
    assert any(isinstance(r["ChargingFacilities"][0]["power"], str) for r in records)
    assert any(str(r["EvseID"]).startswith("+41*") for r in records)
    tree = etree.fromstring(body("es.charging__electrolineras"))
    points = tree.findall(".//{http://datex2.eu/schema/3/energyInfrastructure}refillPoint")
    assert len(points) == published(truth, spoiled, "ES")
    table = json.loads(body("be.charging__eco_movement"))["messageContainer"]["payload"][0]
    sites = table["aegiEnergyInfrastructureTablePublication"]["energyInfrastructureTable"][0][
        "energyInfrastructureSite"
    ]
    refill = [p for site in sites for station in site["energyInfrastructureStation"] for p in station["refillPoint"]]
    assert len(refill) == published(truth, spoiled, "BE")


def published(truth, sandbox: Sandbox, feed: str) -> int:
    return truth(sandbox, f"SELECT count(*) FROM points WHERE feed = '{feed}'")[0][0]


def test_records_stand_in_the_file_where_the_truth_says(spoiled: Sandbox, truth) -> None:
    locations = json.loads(gzip.decompress(spoiled.built.file("nl.charging__dot_nl").path.read_bytes()))
    rows = truth(
        spoiled,
        "SELECT record, point, station_key, evse_id, published_latitude FROM points WHERE feed = 'NL' ORDER BY 1, 2",
    )
    for record, point, key, evse_id, latitude in rows:
        location = locations[record - 1]
        assert (location["id"], location["evses"][point - 1]["evse_id"]) == (key, evse_id)
        assert (location["coordinates"] and float(location["coordinates"]["latitude"])) == latitude


def test_every_kind_of_defect_occurs_and_is_told(spoiled: Sandbox, truth) -> None:
    told = {(feed, kind) for feed, kind in truth(spoiled, "SELECT upper(left(dataset, 2)), kind FROM defects")}
    possible = {(feed, defect.name) for defect in DEFECTS for feed in defect.feeds}
    assert told <= possible
    assert {kind for _, kind in told} == {defect.name for defect in DEFECTS}
    assert len(told) > 0.8 * len(possible)
    assert truth(spoiled, "SELECT count(*) FROM points WHERE fault <> ''") == truth(
        spoiled, "SELECT count(*) FROM defects"
    )


def test_the_truth_adds_up(spoiled: Sandbox, truth) -> None:
    for feed, points in truth(spoiled, "SELECT feed, count(*) FROM points GROUP BY 1"):
        verdicts = truth(spoiled, f"SELECT verdict, count(*) FROM points WHERE feed = '{feed}' GROUP BY 1")
        assert sum(count for _, count in verdicts) == points
        assert {verdict for verdict, _ in verdicts} <= {"admitted", "corrected", "quarantined"}
    assert (
        truth(spoiled, "SELECT sum(points) FROM regions")
        == truth(spoiled, "SELECT sum(points) FROM sides")
        == [(6000,)]
    )
    assert truth(spoiled, "SELECT sum(expected_points) FROM sides") == truth(
        spoiled, "SELECT count(*) FROM points WHERE NOT is_copy AND verdict <> 'quarantined'"
    )
    assert truth(spoiled, "SELECT count(*) FROM points WHERE reason <> '' AND verdict = 'admitted'") == [(0,)]


def test_without_defects_every_row_is_admitted(clean: Sandbox, truth) -> None:
    assert truth(clean, "SELECT DISTINCT verdict, fault FROM points") == [("admitted", "")]
    assert truth(clean, "SELECT count(*) FROM defects") == [(0,)]
    assert truth(
        clean, "SELECT count(*) FROM regions WHERE points <> expected_points OR power_kw <> expected_power_kw"
    ) == [(0,)]


def test_every_point_lies_in_its_region(clean: Sandbox, truth) -> None:
    shapely = pytest.importorskip("shapely")
    nuts = json.loads(clean.built.file("eu.spatial__gisco_nuts").path.read_bytes())
    shapes = {f["properties"]["NUTS_ID"]: shapely.geometry.shape(f["geometry"]) for f in nuts["features"]}
    for nuts3, lon, lat in truth(clean, "SELECT nuts3, longitude, latitude FROM points"):
        assert shapes[nuts3].contains(shapely.Point(lon, lat))


def test_a_station_described_abroad_is_near_its_own_description(spoiled: Sandbox, truth) -> None:
    assert truth(spoiled, "SELECT count(*) > 20, max(distance_m) < 40, min(distance_m) > 0 FROM matches") == [
        (True, True, True)
    ]
    assert len(truth(spoiled, "SELECT DISTINCT same_evse_ids FROM matches")) == 2
    assert {row[0] for row in truth(spoiled, "SELECT DISTINCT feed FROM points WHERE is_copy")} <= {"NL", "BE", "CH"}


def test_sides_differ_as_their_profiles_do(spoiled: Sandbox, truth) -> None:
    fast = dict(truth(spoiled, "SELECT country, sum(points_150kw) / sum(points) FROM sides GROUP BY 1"))
    assert fast["NL"] < fast["BE"] < fast["ES"]
    assert set(fast) == {profile.country for profile in PROFILES}


def test_statuses_change_with_the_hour_and_are_counted(clean: Sandbox, truth) -> None:
    from datetime import datetime

    shares = {}
    for hour in (3, 13):
        at = datetime(2026, 11, 21, hour)
        body = json.loads(clean.built.file("ch.charging__ich_tanke_strom_status", at).path.read_bytes())
        words = Counter(r["EVSEStatus"] for g in body["EVSEStatuses"] for r in g["EVSEStatusRecord"])
        shares[hour] = words["Occupied"] / words.total()
        told = truth(
            clean,
            f"SELECT status, sum(points) FROM status WHERE dataset = 'ch.charging__ich_tanke_strom_status' AND observed_at = '{at}' GROUP BY 1",
        )
        assert dict(told)["occupied"] == words["Occupied"]
        assert sum(points for _, points in told) == words.total()
    assert shares[3] < shares[13]


def test_reference_data_fit_the_map(clean: Sandbox) -> None:
    nuts = json.loads(clean.built.file("eu.spatial__gisco_nuts").path.read_bytes())
    codes = {feature["properties"]["NUTS_ID"] for feature in nuts["features"]}
    people = list(csv.DictReader(clean.built.file("eu.spatial__eurostat_population").path.open()))
    assert {row["geo"] for row in people} == codes
    by_code = {row["geo"]: int(row["OBS_VALUE"]) for row in people if row["TIME_PERIOD"] == "2025"}
    assert by_code["NL"] == sum(value for code, value in by_code.items() if len(code) == 5 and code.startswith("NL"))
    cars = list(csv.DictReader(clean.built.file("eu.charging__eurostat_vehicles").path.open()))
    assert {row["geo"] for row in cars} == {code for code in codes if len(code) in (2, 5)}
    assert {feature["geometry"]["type"] for feature in nuts["features"]} == {"Polygon", "MultiPolygon"}


def test_every_dataset_is_there_under_its_id(clean: Sandbox) -> None:
    assert clean.built.datasets() == [
        *PUBLISHERS, "eu.spatial__gisco_nuts", "eu.spatial__eurostat_population", "eu.charging__eurostat_vehicles",
    ]  # fmt: skip
    assert len(PUBLISHERS) == 9
