"""From rhythm, calendar and service level to early, due, late, stale, withdrawn, never publishes."""

from datetime import UTC, datetime, timedelta

import pytest

from euregio.alerts.silence import silence
from euregio.declarations.service import Service, span_of
from euregio.orchestration.partitions import Rhythm


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def state(
    rhythm: str, now: str, looked: str | None, news: str | None = None, zone: str | None = None, **service
) -> str:
    return silence(
        rhythm, Rhythm.of(rhythm).cron, Service(**service), zone, at(looked) if looked else None,
        at(news or looked) if looked else None, at(now),
    ).state  # fmt: skip


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T23:59", "early"),
        ("2026-11-21T00:00", "due"),
        ("2026-11-21T23:59", "due"),  # a daily dataset has a day of grace
        ("2026-11-22T00:00", "late"),
        ("2026-11-25T00:00", "late"),
    ],
)
def test_a_daily_dataset_falls_due_at_midnight_and_is_late_a_day_later(now: str, expected: str) -> None:
    assert state("P1D", now, "2026-11-20T00:05") == expected


def test_a_monthly_dataset_is_due_on_the_first_whatever_the_months_length() -> None:
    for looked, due in (("2026-01-31T10:00", "2026-02-01"), ("2026-02-28T23:00", "2026-03-01"), ("2028-02-29T10:00", "2028-03-01"),
                        ("2026-12-31T23:59", "2027-01-01")):  # fmt: skip
        first = at(f"{due}T00:00")
        assert state("P1M", (first - timedelta(minutes=1)).isoformat()[:16], looked) == "early" or looked.endswith(
            "23:59"
        )
        assert state("P1M", f"{due}T00:00", looked) == "due"
        assert state("P1M", (first + timedelta(days=3)).isoformat()[:16], looked) == "late"


def test_minutes_of_silence_in_a_status_feed_are_no_trouble_an_hour_is() -> None:
    assert state("PT1M", "2026-11-20T10:45", "2026-11-20T10:00") == "due"
    assert state("PT1M", "2026-11-20T11:01", "2026-11-20T10:00") == "late"
    assert state("PT1M", "2026-11-20T10:30", "2026-11-20T10:00", grace="PT20M") == "late"


def test_the_same_bytes_for_longer_than_the_service_level_are_stale() -> None:
    assert state("P1D", "2026-11-27T00:30", "2026-11-27T00:05", "2026-11-20T00:05") == "stale"
    assert state("P1D", "2026-11-26T00:30", "2026-11-26T00:05", "2026-11-20T00:05") == "early"
    assert state("PT5M", "2026-11-21T09:00", "2026-11-21T09:00", "2026-11-20T10:00") == "early"
    assert state("PT5M", "2026-11-21T10:01", "2026-11-21T10:00", "2026-11-20T10:00") == "stale"
    assert state("P1D", "2026-11-22T01:00", "2026-11-22T00:05", "2026-11-20T00:00", stale_after="P2D") == "stale"


def test_a_publisher_that_rests_at_the_weekend_is_not_late_on_sunday() -> None:
    working = {"weekdays": ["mon", "tue", "wed", "thu", "fri"]}
    friday = "2026-11-20T00:05"
    assert state("P1D", "2026-11-22T12:00", friday) == "late"
    assert state("P1D", "2026-11-22T12:00", friday, **working) == "early"
    assert state("P1D", "2026-11-23T00:00", friday, **working) == "due"
    assert state("P1D", "2026-11-24T00:00", friday, **working) == "late"


def test_closed_days_do_not_age_the_data() -> None:
    news, now = "2026-12-23T12:00", "2026-12-28T12:00"
    assert state("P1D", now, "2026-12-28T00:05", news, stale_after="P2D") == "stale"
    closed = {"weekdays": ["mon", "tue", "wed", "thu", "fri"], "holidays": ["12-24", "12-25"]}
    assert state("P1D", now, "2026-12-28T00:05", news, stale_after="P2D", **closed) == "early"


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])  # 23 and 25 hours long in Berlin
def test_the_change_of_the_clock_moves_no_tick_and_loses_no_time(day: str) -> None:
    before = (at(f"{day}T00:00") - timedelta(hours=12)).isoformat()[:16]
    assert state("PT1H", f"{day}T03:30", f"{day}T03:00", zone="Europe/Berlin") == "early"
    assert state("P1D", f"{day}T00:00", before, zone="Europe/Berlin") == "due"
    news = (at(f"{day}T12:00") - timedelta(days=2)).isoformat()[:16]
    assert state("PT1H", f"{day}T12:00", f"{day}T12:00", news, zone="Europe/Berlin", stale_after="P2D") == "early"
    assert state("PT1H", f"{day}T12:01", f"{day}T12:00", news, zone="Europe/Berlin", stale_after="P2D") == "stale"


def test_days_are_those_of_the_publishers_zone() -> None:
    # midnight UTC is still Sunday evening in Lisbon's summer? no: it is Monday 01:00; in the Azores it is Sunday 23:00
    monday_only = {"weekdays": ["mon"], "grace": "PT1H"}
    assert state("PT1H", "2026-06-15T00:30", "2026-06-14T10:00", zone="Europe/Lisbon", **monday_only) == "late"
    assert state("PT1H", "2026-06-14T23:30", "2026-06-14T10:00", zone="Atlantic/Azores", **monday_only) == "early"


def test_what_is_withdrawn_or_never_publishes_is_silent_rightly() -> None:
    assert state("P1D", "2027-01-01T00:00", "2026-01-01T00:00", withdrawn="2026-06-01") == "withdrawn"
    assert state("P1D", "2026-05-31T12:00", "2026-05-31T00:00", withdrawn="2026-06-01") == "early"
    assert state("P1D", "2027-01-01T00:00", "2026-01-01T00:00", publishes="never") == "never publishes"


def test_nobody_waits_for_a_dataset_that_was_never_run() -> None:
    assert state("PT5M", "2027-01-01T00:00", None) == "due"


def test_a_calendar_without_any_open_day_ends() -> None:
    every = [f"{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 32)]
    assert state("PT1M", "2026-11-20T10:00", "2026-11-20T09:00", holidays=every) in ("early", "due")


@pytest.mark.parametrize(
    ("text", "hours"),
    [("PT90M", 1.5), ("P1D", 24), ("P1DT12H", 36), ("P1M", 744), ("P1Y", 8784), ("P", 0), ("PT", 0), ("1D", 0)],
)
def test_durations_are_iso_8601(text: str, hours: float) -> None:
    assert span_of(text) == timedelta(hours=hours)
