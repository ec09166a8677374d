"""The watch's round over all datasets: failures that nobody told, silence, and recovery."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from euregio.alerts.desk import UNTOLD_AFTER, Desk
from euregio.alerts.message import duration, instant
from euregio.alerts.problem import Problem, hanging
from euregio.alerts.silence import Silence
from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.journal import Incident
from euregio.storage.layer import open_layer

_LOG = logging.getLogger(__name__)
_SILENT = ("late", "stale")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Look:
    """A run that began, or was carried through: its id, its period, when."""

    run_id: str
    period: str | None
    at: datetime

    @classmethod
    def of(cls, noted: Any) -> Look | None:
        """From what a task noted in Airflow's asset state; None where it noted nothing that can be read."""
        try:
            return cls(str(noted["run_id"]), noted.get("period"), datetime.fromisoformat(noted["at"]))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None


@dataclass(frozen=True)
class Sight:
    """What the watch knows of one dataset (or use case) at one moment.

    `last_run` is the last run that began and `last_run_state` what Airflow says of it; `look` the last one carried
    through; `release` period and instant of what stands in the layer; `silence` None where it is not watched; `within`
    the time in which a run of it ends.
    """

    dataset: str
    country: str
    last_run: Look | None = None
    last_run_state: str | None = None
    look: Look | None = None
    release: tuple[str, datetime] | None = None
    silence: Silence | None = None
    within: timedelta | None = None


@dataclass
class Round:
    """One round. `about` gives the facts of a dataset, `tell_lost` reports a failed run that no callback told."""

    desk: Desk
    about: Callable[[str], Mapping[str, Any]]
    tell_lost: Callable[[Sight], None]
    at: datetime
    opened: int = field(default=0, init=False)
    closed: int = field(default=0, init=False)

    def go(self, sights: Iterable[Sight]) -> None:
        """Look at every dataset, close what is over, then let the desk attend to what is open."""
        seen = {sight.dataset: sight for sight in sights}
        for sight in seen.values():
            try:
                self._lost(sight)
                self._hanging(sight)
            except Exception:  # one dataset's trouble must not keep the others unwatched
                _LOG.exception("%s: the watch could not look at its last run", sight.dataset)
        for incident in self.desk.journal.incidents(open_only=True):
            if because := over(incident, seen):
                self.closed += self.desk.close(incident, because, self.at)
        for sight in seen.values():
            try:
                self._silent(sight)
            except Exception:
                _LOG.exception("%s: the watch could not note its silence", sight.dataset)
        self.desk.attend(self.at)

    def _lost(self, sight: Sight) -> None:
        run = sight.last_run
        if run and sight.last_run_state == "failed" and not self.desk.knows(sight.dataset, run.run_id):
            self.tell_lost(sight)

    def _hanging(self, sight: Sight) -> None:
        """Open the incident of a run that does not end where its deadline did not: the triggerer is down or behind."""
        run = sight.last_run
        if run is None or sight.within is None or sight.last_run_state in (None, "success", "failed"):
            return
        if self.at - run.at < sight.within + UNTOLD_AFTER or self.desk.knows(sight.dataset, run.run_id):
            return
        about = {**self.about(sight.dataset), "run_id": run.run_id, "period": run.period}
        self.desk.report(hanging(sight.within), about, self.at)
        self.opened += 1

    def _silent(self, sight: Sight) -> None:
        """Open an incident for silence that nothing else explains, once."""
        silence = sight.silence
        if silence is None or silence.state not in _SILENT:
            return
        places = (sight.dataset, f"{sight.country}.*", "*")
        if any(self.desk.journal.incidents(open_only=True, dataset=place) for place in places):
            return
        since = silence.since or self.at
        what = {
            "late": f"nothing was fetched for {duration(self.at - since)} beyond its grace",
            "stale": f"the same data have stood since {instant(_stood_since(sight, since))}",
        }[silence.state]
        problem = Problem(silence.state, what, silence.state, expected=f"something new before {instant(since)}")
        self.desk.report(problem, self.about(sight.dataset), self.at)
        self.opened += 1


def over(incident: Incident, seen: Mapping[str, Sight]) -> str | None:
    """Why an open incident is over, in words for the all-clear; None where it is not."""
    if incident.dataset.endswith("*"):
        wells = (seen[name] for name in incident.facts.get("datasets", []) if name in seen)
        well = next((one for one in wells if _done_since(one, incident.last_seen_at)), None)
        return f"a run of {well.dataset} succeeded" if well else None
    sight = seen.get(incident.dataset)
    if sight is None:
        return "it is no longer declared"
    if sight.silence and sight.silence.state == "withdrawn":
        return "the publisher has withdrawn it"
    if incident.kind in _SILENT:
        if sight.silence and sight.silence.state != incident.kind:
            return "it is stale by now" if sight.silence.state == "stale" else "it was fetched again"
        return None
    if incident.kind == "run_hangs" and sight.last_run and sight.last_run.run_id in incident.facts.get("runs", []):
        ended = sight.last_run_state in ("success", "failed")
        return f"the run has ended ({sight.last_run_state})" if ended else None
    period = max(incident.facts.get("periods") or [""])
    look, release = sight.look, sight.release
    if look and look.at > incident.last_seen_at and (look.period or period) >= period:
        return f"the run of {look.period} succeeded" if look.period else "a later run succeeded"
    if release and release[1] > incident.last_seen_at and release[0] >= period:
        return f"the release of {release[0]} stands"
    return None


def releases(settings: Settings | None = None) -> dict[str, tuple[str, datetime, datetime]]:
    """Of each dataset in the layer: its newest period, when that was released, and since when its data stand (UTC).

    Data stand since they were fetched; a status feed, of which the same bytes are observed anew each time, since the
    latest change that it states itself. Empty where the layer cannot be read.
    """
    try:
        with open_layer(settings or Settings()) as con:
            found = con.execute(
                "SELECT dataset, max(period), epoch_ms(max(released_at)), epoch_ms(coalesce("
                "  max(source_updated_at) FILTER (table_name = 'status_observation'), max(retrieved_at), max(released_at))) "
                "FROM catalogue.current_release GROUP BY dataset"
            ).fetchall()
    except EuregioError as error:
        _LOG.warning("releases are not known to the watch: %s", error)
        return {}
    return {name: (period, _instant(at), _instant(news)) for name, period, at, news in found}


def _instant(milliseconds: int) -> datetime:
    return _FIRST + timedelta(milliseconds=milliseconds)


def _done_since(sight: Sight, at: datetime) -> bool:
    return bool((sight.look and sight.look.at > at) or (sight.release and sight.release[1] > at))


def _stood_since(sight: Sight, else_at: datetime) -> datetime:
    return sight.release[1] if sight.release else else_at
