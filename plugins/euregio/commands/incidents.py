"""What is wrong now and what was: the journal's incidents for the command line, and the letter about one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from euregio.alerts.kinds import kind
from euregio.alerts.letter import letter
from euregio.alerts.message import duration, message
from euregio.settings import Settings
from euregio.storage.journal import open_journal


def incidents(*, every: bool = False, dataset: str | None = None, settings: Settings | None = None) -> Iterator[str]:
    """A line for each open incident, the gravest first; with `every` the closed ones too, the latest first."""
    now = datetime.now(UTC)
    with open_journal(settings or Settings()) as journal:
        found = journal.incidents(open_only=not every, dataset=dataset)
        told = {one.incident_id for one in journal.told() if one.error is None}
    if not every:
        found.sort(key=lambda one: (("critical", "warning", "info").index(one.severity), one.opened_at))
    for one in found:
        age = duration((one.closed_at or now) - one.opened_at)
        state = f"closed after {age}" if one.closed_at else f"open for {age}"
        heard = "told" if one.incident_id in told else "told nobody"
        times = f", seen {one.seen_count} times" if one.seen_count > 1 else ""
        yield (
            f"{one.incident_id}  {one.severity:8}  {one.dataset:34}  {kind(one.kind).subject} ({state}{times}, {heard}, "
            f"owner {one.owner})"
        )
    if not found:
        yield "No incident is open." if not every else "There was no incident yet."


def told_about(incident_id: str, settings: Settings | None = None) -> str:
    """What an alert about the incident says, and who was told. Raises EuregioError where there is none."""
    with open_journal(settings or Settings()) as journal:
        one = journal.incident(incident_id)
        told = journal.told(incident_id)
    lines = [message(one, "closed" if one.closed_at else "opened", datetime.now(UTC)).text]
    lines += [
        f"{each.at:%Y-%m-%d %H:%M} UTC  {each.kind} over {each.channel}"
        + (f": FAILED, {each.error}" if each.error else "")
        for each in told
    ]
    return "\n".join(lines)


def letter_about(incident_id: str, language: str | None = None, settings: Settings | None = None) -> str:
    """The letter to the publisher. Raises EuregioError for an unknown incident or language."""
    with open_journal(settings or Settings()) as journal:
        return letter(journal.incident(incident_id), language)
