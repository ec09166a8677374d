"""The list of countries: all of ISO 3166-1, each word for one country only, territories under whom NUTS counts them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest

PROJECT = Path(__file__).parents[2]
with (PROJECT / "include" / "codes" / "country.csv").open(encoding="utf-8", newline="") as file:
    COUNTRIES = list(csv.DictReader(file))


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    prelude = (PROJECT / "include" / "sql" / "prelude.sql").read_text(encoding="utf-8")
    con.execute(prelude.replace("'include/", f"'{PROJECT}/include/"))
    return con


def test_all_codes_of_the_standard_are_there_and_kosovo_s() -> None:
    zones = next(Path(p) for p in ("/usr/share/zoneinfo/iso3166.tab", _of_tzdata()) if Path(p).is_file())
    lines = [line for line in zones.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    standard = {line.split("\t")[0] for line in lines}
    assert {row["alpha2"] for row in COUNTRIES} == standard | {"XK"}


def test_no_word_names_two_countries() -> None:
    kinds = ("alpha2", "alpha3", "nuts_prefix", "dialling_code")
    words = Counter(word for row in COUNTRIES for word in {row[kind] for kind in kinds} if word)
    assert [word for word, count in words.items() if count > 1] == []
    for row in COUNTRIES:
        assert re.fullmatch(r"[A-Z]{2},[A-Z]{3}", f"{row['alpha2']},{row['alpha3']}"), row
        assert not row["counted_as"] or row["counted_as"] in {other["alpha2"] for other in COUNTRIES}


@pytest.mark.parametrize(
    ("word", "country"),
    [("pe", "PE"), (" PER ", "PE"), ("EL", "GR"), ("UK", "GB"), ("+49", "DE"), ("RE", "FR"), ("REU", "FR"), ("AX", "FI"),
     ("XX", None), ("ZZ", None), ("", None), ("Peru", None)],
)  # fmt: skip
def test_a_word_for_a_country_is_known_or_null(con: duckdb.DuckDBPyConnection, word: str, country: str | None) -> None:
    assert con.execute("SELECT country_of($1)", [word]).fetchone() == (country,)


@pytest.mark.parametrize(
    ("code", "is_nuts"),
    [("DE", True), ("EL3", True), ("UKI31", True), ("US", False), ("GR3", False), ("EA20", False), ("DEA2345", False)],
)
def test_a_region_begins_with_a_country_of_nuts(con: duckdb.DuckDBPyConnection, code: str, is_nuts: bool) -> None:
    assert con.execute("SELECT is_nuts_like($1)", [code]).fetchone() == (is_nuts,)


@pytest.mark.parametrize(
    ("text", "is_like"),
    [("DE*ABC*E12", True), ("DEABCE12", True), ("PE*ABC*E12", True), ("XX*ABC*E12", False), ("PEABCE12", False),
     ("Bruche67120", False), ("bb200e5d-aaaa-4bbb-8ccc-0123456789ab", False), ("PLAZA EUROPA", False)],
)  # fmt: skip
def test_a_name_is_like_an_evse_id_by_its_separators_or_a_country_of_europe(
    con: duckdb.DuckDBPyConnection, text: str, is_like: bool
) -> None:
    assert con.execute("SELECT is_evse_like($1)", [text]).fetchone() == (is_like,)


@pytest.mark.parametrize(
    ("text", "evse_id"),
    [("de*abc*e1-2", "DEABCE12"), ("ad9b0e77-1c2d-4e5f-8a9b-0123456789ab", None),
     ("DE-ABC-E123456789-01", "DEABCE12345678901")],
)  # fmt: skip
def test_a_uuid_that_begins_like_a_country_is_no_evse_id(
    con: duckdb.DuckDBPyConnection, text: str, evse_id: str | None
) -> None:
    assert con.execute("SELECT evse_id_of($1)", [text]).fetchone() == (evse_id,)


def _of_tzdata() -> str:
    import tzdata

    return str(Path(tzdata.__file__).parent / "zoneinfo" / "iso3166.tab")
