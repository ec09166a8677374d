"""What an alert says: to a tired person, from facts alone."""

from datetime import UTC, datetime, timedelta

import pytest

from euregio.alerts import message as words
from euregio.alerts.kinds import load_kinds
from euregio.storage.journal import Incident

AT = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
FACTS = {
    "dataset": "de.charging__bnetza", "title": "Register <of> points", "publisher": "Bundesnetzagentur", "country": "de",
    "country_name": "Germany", "theme": "charging", "owner": "data engineering", "period": "2026-11", "periods": ["2026-10", "2026-11"],
    "run_url": "https://airflow.example/dags/x/runs/1", "page_url": "https://airflow.example/dags/x",
    "last_release": {"period": "2026-10", "released_at": "2026-10-01T04:00:00+00:00", "rows": 191234},
    "degrades": [{"indicator": "point_density", "title": "Density", "sides": ["Upper Rhine (Baden)"]}],
    "problem": {"kind": "rule_failed", "what": "1 critical rule failed", "step": "check", "reasons": {"id_missing": 1200}},
}  # fmt: skip


def incident(kind: str = "rule_failed", **changed) -> Incident:
    return Incident(**{
        "incident_id": "abc123", "key": "k", "dataset": "de.charging__bnetza", "kind": kind, "severity": "critical", "owner": "data engineering",
        "opened_at": AT - timedelta(hours=3), "last_seen_at": AT, "seen_count": 2, "facts": FACTS, **changed,
    })  # fmt: skip


def test_the_subject_says_how_grave_what_and_where() -> None:
    assert (
        words.message(incident(), "opened", AT).subject
        == "[critical] de.charging__bnetza 2026-11: the data break a critical rule"
    )
    assert words.message(incident(), "reminder", AT).subject.startswith(
        "[still open after 3 hours] de.charging__bnetza:"
    )
    closed = incident(closed_at=AT, closed_because="the run of 2026-11 succeeded")
    assert (
        words.message(closed, "closed", AT).subject
        == "[all clear] de.charging__bnetza: the data break a critical rule (it lasted 3 hours)"
    )


def test_what_is_broken_for_many_is_named_for_people() -> None:
    full = words.message(incident("out_of_disk", dataset="de.*"), "opened", AT)
    assert full.subject == "[critical] workers of Germany: the disk is full"
    assert "Dataset:       de.charging__bnetza" in full.text
    assert words.message(incident("layer_unavailable", dataset="*"), "opened", AT).subject.startswith(
        "[critical] all datasets: the layer"
    )


def test_the_text_holds_all_that_is_known_and_what_to_do() -> None:
    text = words.message(incident(), "opened", AT).text
    for part in (
        "1,200  id_missing", "Germany", "2026-10, 2026-11", "data engineering", "20 Nov 2026, 07:07 UTC, seen 2 times",
        "period 2026-10, released 1 Oct 2026, 04:00 UTC, 191,234 rows", "point_density", "Upper Rhine (Baden)",
        "https://airflow.example/dags/x/runs/1", "euregio letter abc123", "1. Look at the failing rules",
    ):  # fmt: skip
        assert part in text, text
    assert "\n\n\n" not in text
    assert "None" not in text


def test_what_a_publisher_wrote_is_no_markup() -> None:
    html = words.message(incident(), "opened", AT).html
    assert "Register &lt;of&gt; points" in html


@pytest.mark.parametrize("kind", sorted(load_kinds()))
@pytest.mark.parametrize("what", ["opened", "reminder", "closed"])
def test_every_kind_has_words_even_when_little_is_known(kind: str, what: str) -> None:
    bare = {"dataset": "de.charging__bnetza", "country": "de", "problem": {"kind": kind, "what": "x"}}
    said = words.message(incident(kind, facts=bare, closed_at=AT, closed_because="it ended"), what, AT)
    assert len(said.subject) < 120
    assert "{" not in said.text + said.subject
    assert "abc123" in said.html
