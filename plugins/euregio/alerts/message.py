"""The words of an alert: subject, text and HTML of one incident or one digest, from its facts alone."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from euregio.alerts.facts import samples
from euregio.alerts.kinds import kind
from euregio.settings import PROJECT
from euregio.storage.journal import Incident

FOLDER = PROJECT / "include" / "alerts"


@dataclass(frozen=True)
class Message:
    """What is sent. `thread` is the same for every message of one incident, `severity` is how grave it is."""

    subject: str
    text: str
    html: str
    thread: str
    severity: str
    facts: dict[str, Any]


def message(incident: Incident, what: str, at: datetime) -> Message:
    """The message about an incident: `what` is `opened`, `reminder` or `closed`."""
    facts = incident.facts
    about = kind(incident.kind)
    named = {"publisher": facts.get("publisher") or "The publisher", "title": facts.get("title") or incident.dataset}
    values = {
        **facts, "incident": incident, "place": place_of(incident), "what": what, "kind": about, "at": at,
        "happened": about.happened.format_map({**named, "found": facts.get("problem", {}).get("found") or "nothing"}),
        "lasted": duration((incident.closed_at or at) - incident.opened_at), "problem": facts.get("problem", {}),
        "samples": samples(incident),
    }  # fmt: skip
    place = place_of(incident) + (
        f" {facts['period']}" if facts.get("period") and what == "opened" and "*" not in incident.dataset else ""
    )
    opening = {
        "opened": incident.severity, "reminder": f"still open after {values['lasted']}", "closed": "all clear",
    }[what]  # fmt: skip
    subject = f"[{opening}] {place}: {about.subject}" + (f" (it lasted {values['lasted']})" if what == "closed" else "")
    return Message(
        subject, _rendered("alert.txt.j2", values), _rendered("alert.html.j2", values), incident.incident_id, incident.severity,
        {
            "incident": incident.incident_id, "what": what, "severity": incident.severity, "kind": incident.kind,
            "dataset": incident.dataset, "owner": incident.owner, "subject": subject, "run": facts.get("run_url"),
        },
    )  # fmt: skip


def place_of(incident: Incident) -> str:
    """What an incident is about, for people: the dataset, a country's workers, or everything."""
    if incident.dataset == "*":
        return "all datasets"
    if incident.dataset.endswith(".*"):
        return f"workers of {incident.facts.get('country_name') or incident.dataset[:2]}"
    return incident.dataset


def digest(incidents: Sequence[Incident], at: datetime) -> Message:
    """The digest of incidents that are only to know."""
    values = {"incidents": incidents, "kinds": {one.kind: kind(one.kind) for one in incidents}, "at": at}
    number = len(incidents)
    subject = f"[to know] {number} {'thing' if number == 1 else 'things'} since the last digest"
    facts = {"what": "digest", "incidents": [one.incident_id for one in incidents], "subject": subject}
    day = at.date().isoformat()
    return Message(
        subject, _rendered("digest.txt.j2", values), _rendered("digest.html.j2", values), f"digest-{day}", "info", facts
    )


def duration(span: timedelta) -> str:
    """A span in words of one unit: `40 minutes`, `3 hours`, `5 days`."""
    minutes = max(int(span.total_seconds() // 60), 0)
    for size, unit in ((2 * 1440, "day"), (120, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // {"day": 1440, "hour": 60, "minute": 1}[unit]
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return "less than a minute"


def instant(value: datetime | str) -> str:
    """An instant for people: `20 Nov 2026, 10:07 UTC`."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")


def _rendered(name: str, values: dict[str, Any]) -> str:
    lines = [line.rstrip() for line in _environment().get_template(name).render(values).splitlines()]
    kept: list[str] = []
    for line in lines:  # templates leave gaps; two empty lines in a row are one
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept).strip() + "\n"


@functools.cache
def _environment() -> Any:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader, select_autoescape

    made = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=select_autoescape(["html", "html.j2"]), undefined=ChainableUndefined,  # a fact that is not known is left out
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters["instant"] = instant
    made.filters["number"] = lambda value: f"{value:,}"
    return made
