"""Texts of publishers, workers and persons that a terminal, a mail, a database or an eye would obey: they are shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.alerts import evidence
from euregio.alerts.desk import Desk
from euregio.alerts.letter import letter
from euregio.alerts.message import message
from euregio.alerts.problem import Problem, problem_of
from euregio.declarations.alerts import Alerts
from euregio.declarations.datasets import dataset
from euregio.declarations.tables import load_table
from euregio.errors import DecodeError, harmless
from euregio.gates import Acceptance
from euregio.orchestration.post import mail
from euregio.settings import Settings
from euregio.storage.journal import open_journal
from euregio.storage.zones import Zones

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
NAME = "nl.charging__dot_nl"
HOSTILE = "\x1b]0;owned\x07\x1b[2J a\x00b \u202egnp.exe \x9b31m \ud800 \r\nBcc: x@example.org\r\n\r\nWhat to do: open http://evil.example"
OBEYED = ("\x1b", "\x00", "\u202e", "\x9b", "\ud800", "\x07")


def about() -> dict[str, Any]:
    return {"dataset": NAME, "title": "A register", "country": "nl", "owner": "data engineering", "run_id": "r1"}


class Sent:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def send(self, _channel: Any, _to: Any, one: Any) -> None:
        """Keep it."""
        self.messages.append(one)


def test_an_error_is_one_line_that_no_terminal_obeys() -> None:
    text = str(DecodeError("this is no JSON", where="a\u202eb", found=HOSTILE))
    assert not any(sign in text for sign in OBEYED)
    assert "\n" not in text
    assert "\\x1b[2J" in text
    assert harmless("é ß Ω Ł 日本 👩‍🔬\t x") == "é ß Ω Ł 日本 👩‍🔬 x", "what people write stays"


def test_an_alert_and_a_letter_quote_a_publisher_in_one_line(tmp_path: Path) -> None:
    problem = problem_of(DecodeError("this is no JSON", found=HOSTILE), "extract", {"period": "2026-11-20"})
    told = Problem.from_json(json.loads(json.dumps(problem.to_json())))
    settings = Settings(home=tmp_path, journal=f"sqlite:{tmp_path}/j.sqlite")
    with open_journal(settings) as journal:
        incident = Desk(journal, Alerts(), Sent()).report(told, about(), AT)
    one = message(incident, "opened", AT)
    for text in (one.subject, one.text, one.html, letter(incident, "en")):
        assert not any(sign in text for sign in OBEYED)
        assert not any(line.strip().startswith(("Bcc:", "What to do: open")) for line in text.splitlines())
    assert mail(one, "euregio@example.org", ["a@example.org"]).as_bytes()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"kind": ["x"], "what": {"a": 1}, "reasons": "all", "figures": 5, "fetched": "x", "records": [], "status": "200", "batch": []},
        {"kind": "undecodable", "what": HOSTILE, "reasons": {"r": "many", HOSTILE: 3}, "fetched": [{"fetched_at": "now"}, 5, {}]},
        {"kind": "\ud800", "what": "x" * 100_000, "figures": {"a": {"b": 1}}, "titles": {"t": None}, "records": {"r": ["1", 2]}},
        {"kind": "no_such_kind", "what": None, "batch": {"period": "../../x", "batch_id": {}, "rows": "many", "secret": "s"}},
    ],
)  # fmt: skip
def test_whatever_a_worker_leaves_the_alert_goes_out(tmp_path: Path, content: dict[str, Any]) -> None:
    told, settings = Problem.from_json(content), Settings(home=tmp_path, journal=f"sqlite:{tmp_path}/j.sqlite")
    alerts = Alerts.model_validate(
        {"channels": {"duty": {"kind": "apprise", "connection": "c"}}, "routes": [{"channels": ["duty"]}]}
    )
    post = Sent()
    with open_journal(settings) as journal:
        incident = Desk(journal, alerts, post).report(told, about(), AT)
        assert not [one.error for one in journal.told(incident.incident_id) if one.error]
    (sent,) = post.messages
    assert len(sent.text) < 10_000
    assert not any(sign in sent.text for sign in OBEYED)
    assert "secret" not in json.dumps(incident.facts["problem"])


def rows_of(zone: Any, place: str, reasons: str, name: str) -> None:
    table = load_table("recharging_point")
    columns = ", ".join(
        f"{duckdb_text(name) if column.name == 'operator_name' else 'NULL'}::{column.type} AS {column.name}"
        for column in table.columns
    )
    with zone.writing(place) as out:
        duckdb.sql(
            f"SELECT {columns}, 1 AS _record, 'f' AS _file, 'quarantined' AS _verdict, {reasons} AS _reasons"
        ).write_parquet(str(out))


def duckdb_text(text: str) -> str:
    """The text as SQL, character by character."""
    return "(" + " || ".join(f"chr({ord(sign)})" for sign in text) + ")"


def test_a_row_that_its_publisher_does_not_let_be_published_is_in_no_alert(tmp_path: Path) -> None:
    declared, settings = dataset(NAME), Settings(home=tmp_path)
    zone = Zones(str(tmp_path / "zones")).of("nl", NAME)
    table = load_table("recharging_point")
    rows_of(zone, "batches/a/b/rows.parquet", "['no_position', 'not_to_be_published']", "Private yard")
    assert evidence.sample_rows(zone, declared, table, "batches/a/b/rows.parquet", settings) == []
    rows_of(zone, "batches/a/c/rows.parquet", "['no_position']", "a\x1b[2Jb\u202ec")
    (row,) = evidence.sample_rows(zone, declared, table, "batches/a/c/rows.parquet", settings)
    assert json.loads(row)["operator_name"] == "a\\x1b[2Jb\\u202ec"


def test_a_rule_of_the_policy_that_ends_in_a_comment_shows_what_it_lets(tmp_path: Path) -> None:
    declared, settings = dataset(NAME), Settings(home=tmp_path)
    zone = Zones(str(tmp_path / "zones")).of("nl", NAME)
    rows_of(zone, "batches/a/c/rows.parquet", "['no_position']", "A name")
    for rule, shown in (("operator_name = 'A name' -- only these", 1), ("operator_name = 'B' -- none", 0)):
        own = declared.model_copy(update={"release": declared.release.model_copy(update={"rows": rule})})
        table = load_table("recharging_point")
        assert len(evidence.sample_rows(zone, own, table, "batches/a/c/rows.parquet", settings)) == shown


def test_rows_noted_with_an_incident_are_no_longer_told_when_the_dataset_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from euregio.alerts import facts
    from euregio.declarations import datasets

    declared = dataset(NAME)
    settings = Settings(home=tmp_path, journal=f"sqlite:{tmp_path}/j.sqlite")
    with open_journal(settings) as journal:
        noted = {**about(), "samples": ['{"operator_name": "A name"}']}
        incident = Desk(journal, Alerts(), Sent()).report(Problem("rule_failed", "a rule failed"), noted, AT)
    assert facts.samples(incident)
    assert "A name" in message(incident, "reminder", AT).text
    for change in ({"licence": None}, {"release": declared.release.model_copy(update={"access": "partner"})}):
        closed = declared.model_copy(update=change)
        monkeypatch.setattr(datasets, "dataset", lambda _name, closed=closed: closed)
        assert facts.samples(incident) == []
        assert "A name" not in message(incident, "reminder", AT).text


@pytest.mark.parametrize("reason", ["it is meant\x1b[2J so", "it is \u202emeant so", "it is meant so\nBcc: x"])
def test_a_reason_is_one_line_of_plain_text(reason: str) -> None:
    from euregio.errors import DeclarationError

    with pytest.raises(DeclarationError, match="one line of plain text"):
        Acceptance("ab" * 10, ("volume",), reason, "anna")
    with pytest.raises(DeclarationError, match="one line of plain text"):
        Acceptance("ab" * 10, ("volume",), "it is meant so", reason)
