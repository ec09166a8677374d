"""The desk: each cause becomes one incident in the journal, and each incident is told to whom the routes name, once."""

from __future__ import annotations

import functools
import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from euregio.alerts.kinds import kind
from euregio.alerts.message import Message, digest, message
from euregio.alerts.problem import Problem
from euregio.declarations.alerts import Alerts, Channel
from euregio.storage.journal import Incident, Journal, Told

_LOG = logging.getLogger(__name__)
#: An incident that nobody was told of for so long is told by the watch: whoever opened it has ended.
UNTOLD_AFTER = timedelta(seconds=90)
#: A sending that failed is tried again after 5 minutes, then twice as long each time, at most this long.
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
#: All-clears are tried again for so long, digests look back so far.
_LOOK_BACK = timedelta(days=7)
_KEPT = 20


class Post(Protocol):
    """Sends messages. Raises whatever a failed sending raises."""

    def send(self, channel: Channel, to: Sequence[str], message: Message) -> None:
        """Send one message over a channel, a mail to the addresses `to`."""


@dataclass
class Desk:
    """Where problems come in and messages go out. Nothing here raises for a channel that fails: the journal notes it."""

    journal: Journal
    alerts: Alerts
    post: Post
    told_count: int = field(default=0, init=False)

    def report(self, problem: Problem, about: Mapping[str, Any], at: datetime, *, tell: bool = True) -> Incident:
        """Note a problem of a run, and tell it where its cause is new. Gives its incident.

        `about` are facts of the run and its dataset (dataset, country, theme, owner, run_id, period, …). The same run
        reported twice counts once.
        """
        scope, key = incident_key(problem, about)
        severity = self.alerts.severity.get(problem.kind) or kind(problem.kind).severity
        known = self.journal.incidents(key=key, limit=_KEPT)
        run_id = about.get("run_id")
        mine = next((one for one in known if run_id and run_id in one.facts.get("runs", [])), None)
        if mine:  # a callback that comes late, after the watch, or twice
            return mine
        before = next((one for one in known if one.closed_at is None), None)
        facts = _merged(before.facts if before else {}, problem, about, severity)
        incident, new = self.journal.see(
            key, dataset=scope, kind=problem.kind, severity=severity, owner=about.get("owner") or "data engineering", facts=facts, at=at
        )  # fmt: skip
        if new:
            _LOG.warning("%s: %s (incident %s, %s)", scope, kind(problem.kind).subject, incident.incident_id, severity)
            if tell:
                self.tell(incident, at)
        return incident

    def tell(self, incident: Incident, at: datetime) -> None:
        """Tell an incident that has opened, unless it is for the digest or a maintenance window holds it back."""
        facts = self._facts(incident)
        if incident.severity == "info" or self.alerts.window(facts, at):
            return
        for name in self.alerts.channels_for(facts):
            self._send(name, incident, "opened", at)

    def close(self, incident: Incident, because: str, at: datetime) -> bool:
        """Close an incident and give the all-clear to those who were told; True where it was open."""
        if not self.journal.close(incident.incident_id, because, at):
            return False
        _LOG.info("%s: all clear, %s (incident %s)", incident.dataset, because, incident.incident_id)
        self._clear(self.journal.incident(incident.incident_id), at)
        return True

    def attend(self, at: datetime) -> None:
        """What the watch does about all incidents: what was not told or could not be sent, reminders, all-clears, digest."""
        for incident in self.journal.incidents(open_only=True):
            facts = self._facts(incident)
            if incident.severity == "info" or self.alerts.window(facts, at):
                continue
            told = self.journal.told(incident.incident_id)
            for name in self.alerts.channels_for(facts):
                if not _was(told, name, "opened"):
                    if _due_again(told, name, "opened", incident.opened_at, at):
                        self._send(name, incident, "opened", at)
                elif self._reminder_due(incident, told, name, at):
                    self._send(name, incident, "reminder", at)
        for incident in self.journal.incidents():
            if incident.closed_at and at - incident.closed_at < _LOOK_BACK:
                self._clear(incident, at)
        self._digest(at)

    def knows(self, dataset: str, run_id: str) -> bool:
        """Whether some incident, open or closed, has seen this run of the dataset."""
        places = (dataset, f"{dataset.partition('.')[0]}.*", "*")
        return any(
            run_id in one.facts.get("runs", []) for place in places for one in self.journal.incidents(dataset=place)
        )

    def _clear(self, incident: Incident, at: datetime) -> None:
        told = self.journal.told(incident.incident_id)
        for name in dict.fromkeys(one.channel for one in told if one.kind == "opened"):
            if name in self.alerts.channels and not _was(told, name, "closed"):
                since = incident.closed_at or at
                if not _errors(told, name, "closed") or _due_again(told, name, "closed", since, at):
                    self._send(name, incident, "closed", at)

    def _reminder_due(self, incident: Incident, told: Sequence[Told], name: str, at: datetime) -> bool:
        passed = sum(at - incident.opened_at >= timedelta(days=days) for days in self.alerts.remind_after_days)
        last = max((one.at for one in told if one.channel == name), default=incident.opened_at)
        reminded = sum(one.kind == "reminder" and one.error is None and one.channel == name for one in told)
        # a watch that stood still for a month reminds once, not five times in a row
        return passed > reminded and at - last >= timedelta(days=min(self.alerts.remind_after_days))

    def _digest(self, at: datetime) -> None:
        due = self.alerts.digest_due(at)
        sent = self.journal.told(kind="digest")
        known = [one for one in self.journal.incidents() if one.severity == "info"]
        for name in self.alerts.channels:
            mine = [one for one in sent if one.channel == name]
            good = [one.at for one in mine if one.error is None]
            if (good and good[-1] >= due) or not _due_again(mine, name, "digest", due, at, grace=timedelta(0)):
                continue
            since = max([due - _LOOK_BACK, *good])
            news = [
                one for one in known
                if (since <= one.opened_at < due or since <= (one.closed_at or since - _LOOK_BACK) < due)
                and name in self.alerts.channels_for(self._facts(one))
            ]  # fmt: skip
            if news:
                self._post(name, None, "digest", functools.partial(digest, news, at), "", at)

    def _send(self, name: str, incident: Incident, what: str, at: datetime) -> None:
        self._post(name, incident.incident_id, what, lambda: message(incident, what, at), incident.owner, at)

    def _post(
        self, name: str, incident_id: str | None, what: str, words: Callable[[], Message], owner: str, at: datetime
    ) -> None:
        channel, error = self.alerts.channels[name], None
        try:
            to = self.alerts.addresses(channel, owner)
            if channel.kind == "mail" and not to:
                raise LookupError(f"no mail address of the owner {owner!r} in include/alerts.yaml")
            self.post.send(channel, to, words())
            self.told_count += 1
        except Exception as failed:  # whatever a channel raises, the incident stays and is told later
            error = f"{type(failed).__name__}: {failed}"[:300] if isinstance(failed, LookupError) else _safe(failed)
            _LOG.error("the channel %s could not be told (%s); the watch tries again", name, error)
        self.journal.note_told(Told(incident_id, name, what, at, error))

    @staticmethod
    def _facts(incident: Incident) -> dict[str, Any]:
        return {
            **incident.facts, "severity": incident.severity, "kind": incident.kind, "owner": incident.owner,
        }  # fmt: skip


def incident_key(problem: Problem, about: Mapping[str, Any]) -> tuple[str, str]:
    """What an incident is about (dataset, `de.*` for a country's workers, `*` for all) and the key of its cause."""
    scope = {"dataset": about["dataset"], "country": f"{about.get('country', '')}.*", "installation": "*"}[
        kind(problem.kind).scope
    ]
    key = f"{scope}|{problem.kind}|{problem.cause}"
    return scope, key if len(key) <= 200 else f"{key[:180]}…{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _merged(before: Mapping[str, Any], problem: Problem, about: Mapping[str, Any], severity: str) -> dict[str, Any]:
    """Facts of an incident after one more sight of it: the newest, with the runs, periods and datasets of all."""

    def grown(name: str, value: Any) -> list[Any]:
        return list(dict.fromkeys([*before.get(name, []), *([value] if value else [])]))[-_KEPT:]

    return {
        **about, "problem": problem.to_json(), "severity": severity, "runs": grown("runs", about.get("run_id")),
        "periods": grown("periods", about.get("period")), "datasets": grown("datasets", about.get("dataset")),
    }  # fmt: skip


def _was(told: Sequence[Told], channel: str, what: str) -> bool:
    return any(one.channel == channel and one.kind == what and one.error is None for one in told)


def _errors(told: Sequence[Told], channel: str, what: str) -> list[Told]:
    return [one for one in told if one.channel == channel and one.kind == what and one.error is not None]


def _due_again(
    told: Sequence[Told], channel: str, what: str, since: datetime, at: datetime, grace: timedelta = UNTOLD_AFTER
) -> bool:
    """Whether a sending that has not succeeded so far should be tried now."""
    failed = _errors(told, channel, what)
    recent = [one for one in failed if one.at >= since]
    if not recent:
        return at - since >= grace
    return at - recent[-1].at >= min(_FIRST_WAIT * 2 ** min(len(recent) - 1, 10), _LONGEST_WAIT)


def _safe(error: Exception) -> str:
    """An error of a channel without what may be secret: its class and, of a mail server, its code."""
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    return type(error).__name__ + (f" ({code})" if code else "")
