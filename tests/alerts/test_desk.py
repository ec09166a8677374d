"""The desk: one incident for each cause, told once to whom the routes name, reminded sparingly, closed with an all-clear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from euregio.alerts.desk import Desk, incident_key
from euregio.alerts.problem import Problem, hanging
from euregio.alerts.round import Look, Round, Sight
from euregio.alerts.silence import Silence
from euregio.declarations.alerts import Alerts
from euregio.settings import Settings
from euregio.storage.journal import open_journal

AT = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
CONFIG = {
    "channels": {"mail": {"kind": "mail", "connection": "smtp", "to": ["duty@example.org", "owner"]},
                 "chat": {"kind": "apprise", "connection": "chat"}},
    "owners": {"data engineering": ["team@example.org"]},
    "routes": [{"channels": ["mail"]}, {"severities": ["critical"], "countries": ["de"], "channels": ["chat", "mail"]}],
}  # fmt: skip
BROKEN = Problem("undecodable", "the file is cut off", "the file is cut off")


class Kept:
    """A post that keeps what it gets; channels in `down` refuse."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, tuple[str, ...]]] = []
        self.down: set[str] = set()

    def send(self, channel, to, message) -> None:
        if channel.connection in self.down:
            raise ConnectionError("secret-token in the address")
        self.sent.append((channel.connection, message.subject, tuple(to)))


@pytest.fixture
def desk(tmp_path):
    with open_journal(Settings(journal=f"sqlite:{tmp_path}/journal.sqlite")) as journal:
        yield Desk(journal, Alerts.model_validate(CONFIG), Kept())


def about(run: str = "run1", dataset: str = "de.charging__bnetza", period: str = "2026-11", **more):
    country = dataset[:2]
    return {
        "dataset": dataset,
        "country": country,
        "theme": "charging",
        "owner": "data engineering",
        "run_id": run,
        "period": period,
        **more,
    }


def later(**span: float) -> datetime:
    return AT + timedelta(**span)


def subjects(desk) -> list[str]:
    return [subject for _, subject, _ in desk.post.sent]


def test_one_cause_is_told_once_over_runs_and_periods(desk) -> None:
    for number in range(5):
        desk.report(BROKEN, about(f"run{number}", period=f"2026-0{number + 1}"), later(hours=number))
    (incident,) = desk.journal.incidents()
    assert incident.seen_count == 5
    assert incident.facts["periods"] == ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
    assert [channel for channel, _, _ in desk.post.sent] == ["smtp", "chat"]
    assert desk.post.sent[0][2] == ("duty@example.org", "team@example.org")


def test_the_same_run_counts_once_even_after_the_all_clear(desk) -> None:
    incident = desk.report(BROKEN, about(), AT)
    desk.report(BROKEN, about(), later(minutes=1))
    desk.close(incident, "the run of 2026-11 succeeded", later(minutes=2))
    again = desk.report(BROKEN, about(), later(minutes=3))
    assert (again.incident_id, again.seen_count, len(desk.journal.incidents())) == (incident.incident_id, 1, 1)


def test_another_cause_is_another_incident(desk) -> None:
    desk.report(BROKEN, about(), AT)
    desk.report(Problem("rule_failed", "x", "id_missing"), about("run2"), AT)
    desk.report(Problem("rule_failed", "x", "id_double"), about("run3"), AT)
    assert len(desk.journal.incidents()) == 3


def test_what_breaks_for_all_is_one_incident_for_all(desk) -> None:
    down = Problem("layer_unavailable", "the layer cannot be opened", "the layer cannot be opened")
    for dataset in ("de.charging__bnetza", "fr.charging__irve_static", "nl.charging__dot_nl"):
        desk.report(down, about(f"run-{dataset}", dataset), AT)
    (incident,) = desk.journal.incidents()
    assert incident.dataset == "*"
    assert len(incident.facts["datasets"]) == 3
    assert len(subjects(desk)) == 2
    full = Problem("out_of_disk", "No space left on device", "ENOSPC")
    assert incident_key(full, about())[0] == "de.*"


def test_routes_go_by_country_theme_severity_and_owner(desk) -> None:
    desk.report(BROKEN, about(dataset="fr.charging__irve_static"), AT)
    assert [channel for channel, _, _ in desk.post.sent] == ["smtp"]
    alerts = Alerts.model_validate({**CONFIG, "routes": [
        {"countries": ["de"], "channels": ["mail"]}, {"themes": ["spatial"], "channels": ["chat"]}, {"owners": ["Grid"], "channels": ["chat"]},
    ]})  # fmt: skip
    assert alerts.channels_for(about()) == ["mail"]
    assert alerts.channels_for(about(dataset="fr.x__y", theme="spatial")) == ["chat"]
    assert alerts.channels_for(about(owner="Grid")) == ["mail", "chat"]
    assert alerts.channels_for(about(dataset="fr.charging__x")) == []


def test_a_channel_that_is_down_loses_nothing_and_is_tried_again(desk) -> None:
    desk.post.down = {"smtp"}
    incident = desk.report(BROKEN, about(), AT)
    assert [one.error for one in desk.journal.told(incident.incident_id)] == ["ConnectionError", None]
    desk.attend(later(minutes=4))
    assert len(desk.journal.told(incident.incident_id)) == 2  # not yet
    desk.attend(later(minutes=6))
    desk.attend(later(minutes=8))
    assert len(desk.journal.told(incident.incident_id)) == 3  # twice as long until the next try
    desk.post.down = set()
    desk.attend(later(minutes=30))
    desk.attend(later(minutes=60))
    assert [channel for channel, _, _ in desk.post.sent] == ["chat", "smtp"]
    assert not any("secret" in (one.error or "") for one in desk.journal.told())


def test_an_incident_whose_teller_died_is_told_by_the_watch(desk) -> None:
    desk.report(BROKEN, about(), AT, tell=False)
    desk.attend(later(seconds=30))
    assert subjects(desk) == []
    for minute in (2, 7, 12):
        desk.attend(later(minutes=minute))
    assert len(subjects(desk)) == 2


def test_the_all_clear_goes_to_those_who_were_told_once(desk) -> None:
    incident = desk.report(BROKEN, about(), AT)
    assert desk.close(incident, "the run of 2026-11 succeeded", later(hours=3))
    assert not desk.close(incident, "again", later(hours=4))
    desk.attend(later(hours=5))
    assert [subject.split("]")[0] for subject in subjects(desk)] == [
        "[critical",
        "[critical",
        "[all clear",
        "[all clear",
    ]


def test_an_all_clear_that_could_not_be_sent_is_sent_later(desk) -> None:
    incident = desk.report(BROKEN, about(), AT)
    desk.post.down = {"chat"}
    desk.close(incident, "it is well", later(hours=1))
    desk.post.down = set()
    desk.attend(later(hours=1, minutes=1))
    assert len(subjects(desk)) == 3
    desk.attend(later(hours=1, minutes=6))
    desk.attend(later(hours=2))
    assert len(subjects(desk)) == 4


def test_reminders_are_sparing(desk) -> None:
    desk.report(BROKEN, about(dataset="fr.charging__irve_static"), AT)
    for hour in range(24 * 40):
        desk.attend(later(hours=hour))
    assert len(subjects(desk)) == 1 + 5  # after 1, 3, 7, 14 and 30 days
    assert "still open after 30 days" in subjects(desk)[-1]


def test_a_watch_that_stood_still_reminds_once(desk) -> None:
    desk.report(BROKEN, about(dataset="fr.charging__irve_static"), AT)
    for minute in range(0, 60, 5):
        desk.attend(later(days=20, minutes=minute))
    assert len(subjects(desk)) == 2


def test_within_a_maintenance_window_nobody_is_told_until_it_ends(desk) -> None:
    window = {
        "begin": "2026-11-20T10:00:00+00:00",
        "end": "2026-11-20T12:00:00+00:00",
        "why": "database moves",
        "countries": ["de"],
    }
    desk.alerts = Alerts.model_validate({**CONFIG, "maintenance": [window]})
    over = desk.report(BROKEN, about(), AT)
    still = desk.report(Problem("rule_failed", "x", "id"), about("run2"), AT)
    desk.report(BROKEN, about("run3", "fr.charging__irve_static"), AT)
    assert len(subjects(desk)) == 1  # the French one
    desk.close(over, "it is well", later(minutes=30))
    for minute in (60, 118, 120, 125):
        desk.attend(later(minutes=minute))
    assert [one.kind for one in desk.journal.told(over.incident_id)] == []
    assert [one.kind for one in desk.journal.told(still.incident_id)] == ["opened", "opened"]


def test_info_goes_into_one_digest_a_day(desk) -> None:
    for name in ("a", "b"):
        desk.report(Problem("late", "nothing came", "late"), about(None, f"de.charging__{name}"), AT)
    for hour in range(50):
        desk.attend(later(hours=hour))
    mails = [subject for channel, subject, _ in desk.post.sent if channel == "smtp"]
    assert mails == ["[to know] 2 things since the last digest"]


def test_without_a_channel_the_journal_still_knows(desk) -> None:
    desk.alerts = Alerts.model_validate({})
    desk.report(BROKEN, about(), AT)
    desk.attend(later(days=2))
    assert desk.post.sent == []
    assert len(desk.journal.incidents(open_only=True)) == 1


def round_of(desk, at: datetime, *sights: Sight, lost=None):
    one = Round(desk, lambda dataset: about(None, dataset, period=None), lost or (lambda _: None), at)
    one.go(sights)
    return one


def sight(**known) -> Sight:
    return Sight("de.charging__bnetza", "de", **known)


def test_a_later_run_of_the_dataset_gives_the_all_clear(desk) -> None:
    desk.report(BROKEN, about(), AT)
    before = Look("r0", "2026-11", later(hours=-1))
    older = Look("r2", "2026-10", later(hours=1))
    for look in (None, before, older):  # a backfill of an older period proves nothing
        assert round_of(desk, later(hours=2), sight(look=look)).closed == 0
    assert round_of(desk, later(hours=3), sight(look=Look("r3", "2026-12", later(hours=2)))).closed == 1
    assert round_of(desk, later(hours=4), sight(look=Look("r3", "2026-12", later(hours=2)))).closed == 0


def test_a_replay_by_hand_gives_it_too(desk) -> None:
    desk.report(BROKEN, about(), AT)
    assert round_of(desk, later(hours=2), sight(release=("2026-11", later(hours=1)))).closed == 1


def test_what_breaks_for_all_is_well_when_one_of_them_succeeds(desk) -> None:
    desk.report(Problem("layer_unavailable", "x", "x"), about("r1", "fr.a__b"), AT)
    desk.report(Problem("layer_unavailable", "x", "x"), about("r2"), AT)
    assert (
        round_of(
            desk, later(hours=1), sight(), Sight("es.a__b", "es", look=Look("r", "2026", later(minutes=30)))
        ).closed
        == 0
    )
    assert round_of(desk, later(hours=1), sight(look=Look("r", "2026-01", later(minutes=30)))).closed == 1


def test_silence_is_told_once_for_each_change_of_state(desk) -> None:
    states = ["early", "due", "late", "late", "late", "stale", "stale", "early", "early", "stale"]
    for number, state in enumerate(states):
        round_of(desk, later(hours=number), sight(silence=Silence(state, AT)))
    stale = [subject for channel, subject, _ in desk.post.sent if channel == "smtp"]
    assert [subject.split("]")[0] for subject in stale] == ["[warning", "[all clear", "[warning"]
    assert [(one.kind, one.closed_at is None) for one in desk.journal.incidents()] == [
        ("stale", True),
        ("stale", False),
        ("late", False),
    ]


def test_silence_that_an_open_incident_explains_is_not_told(desk) -> None:
    desk.report(Problem("publisher_unreachable", "x", "HTTP 503"), about(), AT)
    round_of(desk, later(days=1), sight(silence=Silence("stale", AT)))
    assert len(desk.journal.incidents()) == 1


def test_a_status_feed_of_minutes_does_not_flood(desk) -> None:
    for minute in range(0, 24 * 60, 5):
        desk.report(
            Problem("publisher_unreachable", "x", "HTTP 503"),
            about(f"run{minute}", period=f"{minute:05}"),
            later(minutes=minute),
        )
        round_of(desk, later(minutes=minute), sight(silence=Silence("late", AT)))
    assert len(desk.journal.incidents()) == 1
    assert len(subjects(desk)) == 1


def test_a_failed_run_that_no_callback_told_is_told(desk) -> None:
    lost = []
    failed = sight(last_run=Look("run9", "2026-11", AT), last_run_state="failed")
    round_of(desk, AT, failed, lost=lambda one: lost.append(one) or desk.report(BROKEN, about("run9"), AT))
    round_of(desk, later(minutes=5), failed, lost=lost.append)
    assert len(lost) == 1
    assert len(desk.journal.incidents()) == 1


def test_a_dataset_that_is_gone_or_withdrawn_has_no_trouble(desk) -> None:
    desk.report(BROKEN, about(), AT)
    desk.report(BROKEN, about("r", "fr.a__b"), AT)
    assert round_of(desk, AT, sight(silence=Silence("withdrawn"))).closed == 2


def test_a_run_that_hangs_is_well_when_it_ends(desk) -> None:
    desk.report(Problem("run_hangs", "x", "deadline"), about("run1"), AT)
    assert (
        round_of(desk, later(hours=1), sight(last_run=Look("run1", "2026-11", AT), last_run_state="running")).closed
        == 0
    )
    assert (
        round_of(desk, later(hours=2), sight(last_run=Look("run1", "2026-11", AT), last_run_state="success")).closed
        == 1
    )


def test_a_run_that_its_deadline_did_not_tell_of_is_told_by_the_watch_once(desk) -> None:
    hangs = sight(last_run=Look("run1", "2026-11", AT), last_run_state="running", within=timedelta(hours=2))
    assert round_of(desk, later(hours=2), hangs).opened == 0, "the triggerer may be about to tell it"
    assert round_of(desk, later(hours=3), hangs).opened == 1
    assert round_of(desk, later(hours=4), hangs).opened == 0
    desk.report(hanging(timedelta(hours=2)), about("run1"), later(hours=5))
    (one,) = desk.journal.incidents()
    assert (one.kind, one.facts["runs"]) == ("run_hangs", ["run1"])


def test_a_deadline_that_told_leaves_the_watch_nothing_to_say(desk) -> None:
    desk.report(hanging(timedelta(hours=2)), about("run1"), later(hours=2), tell=False)
    hangs = sight(last_run=Look("run1", "2026-11", AT), last_run_state="running", within=timedelta(hours=2))
    assert round_of(desk, later(hours=3), hangs).opened == 0
    assert len(desk.journal.incidents()) == 1
