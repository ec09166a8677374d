"""Periods and partition keys follow the declared rhythm."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from euregio.errors import DeclarationError
from euregio.orchestration.partitions import Rhythm, key_of, period_of

AT = datetime(2026, 11, 20, 10, 7, 31, 999, tzinfo=UTC)  # a Friday


@pytest.mark.parametrize(
    ("rhythm", "period"),
    [
        ("P1D", "2026-11-20"),
        ("PT24H", "2026-11-20"),
        ("P1W", "2026-11-16"),
        ("P7D", "2026-11-16"),
        ("P1M", "2026-11"),
        ("P3M", "2026-10"),
        ("P6M", "2026-07"),
        ("P12M", "2026"),
        ("P1Y", "2026"),
        ("P3Y", "2026"),
        ("PT1H", "2026-11-20T10:00Z"),
        ("PT6H", "2026-11-20T06:00Z"),
        ("PT5M", "2026-11-20T10:05Z"),
        ("PT1M", "2026-11-20T10:07Z"),
        ("PT60M", "2026-11-20T10:00Z"),
    ],
)
def test_an_instant_belongs_to_the_period_that_its_rhythm_began_last(rhythm: str, period: str) -> None:
    assert Rhythm.of(rhythm).period(AT) == period
    assert Rhythm.of(rhythm).check(period) == period


def test_the_instant_at_which_a_period_begins_belongs_to_it() -> None:
    assert Rhythm.of("P1D").period(datetime(2026, 11, 20, tzinfo=UTC)) == "2026-11-20"
    assert Rhythm.of("PT5M").period(datetime(2026, 11, 20, 10, 5, tzinfo=UTC)) == "2026-11-20T10:05Z"


def test_a_period_is_in_utc_whatever_the_zone_of_the_instant() -> None:
    late = datetime(2026, 11, 21, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert Rhythm.of("P1D").period(late) == "2026-11-20"


@pytest.mark.parametrize(
    "rhythm", ["PT7M", "PT5H", "P2D", "P5M", "P0D", "PT0M", "P2W", "1 day", "", "P1DT1H", "PT90M", "P1D\n", "P1D1"]
)
def test_a_rhythm_whose_periods_would_not_fall_evenly_is_refused(rhythm: str) -> None:
    with pytest.raises(DeclarationError, match=r"nl\.x: .*evenly"):
        Rhythm.of(rhythm, where="nl.x")


@pytest.mark.parametrize(
    ("rhythm", "period"),
    [
        ("P1D", "2026-11"),
        ("P1D", "2026-11-31"),
        ("P1M", "2026-11-20"),
        ("P3M", "2026-11"),
        ("PT5M", "2026-11-20T10:07Z"),
        ("P1D", ""),
    ],
)
def test_a_period_of_another_rhythm_is_refused_with_an_example(rhythm: str, period: str) -> None:
    with pytest.raises(DeclarationError, match="one like 2"):
        Rhythm.of(rhythm).check(period)


def test_only_days_and_finer_periods_lie_within_a_day() -> None:
    assert [rhythm for rhythm in ("PT5M", "PT6H", "P1D", "P1W", "P1M", "P1Y") if Rhythm.of(rhythm).daily_or_finer] == [
        "PT5M",
        "PT6H",
        "P1D",
    ]


def test_a_key_is_country_and_period() -> None:
    assert key_of("nl", "2026-11-20") == "NL|2026-11-20"
    assert period_of("NL|2026-11-20T10:05Z") == "2026-11-20T10:05Z"


@pytest.mark.parametrize("key", ["2026-11-20", "NL|", "|2026", ""])
def test_what_is_no_country_and_period_is_refused(key: str) -> None:
    with pytest.raises(DeclarationError, match=r"NL\|2026-11-20"):
        period_of(key)
