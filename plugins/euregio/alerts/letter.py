"""The letter to a publisher, in its language, from an incident's facts: what came, what was wrong, what was expected."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from euregio.alerts.kinds import kind
from euregio.declarations.yaml_file import read_yaml, validated
from euregio.errors import EuregioError
from euregio.settings import PROJECT
from euregio.storage.journal import Incident

FOLDER = PROJECT / "include" / "letters"
#: Where a country's language has no letter.
FALLBACK = "en"


class Words(BaseModel):
    """The words of one language: include/letters/<language>.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    language: str
    subject: str
    greeting: str
    opening: str
    fetched: str
    nothing: str
    address: str
    file: str
    size: str
    sha256: str
    at: str
    observed: str
    rules: str
    rule: str
    records: str
    numbers: str
    found: str
    expected: str
    since: str
    times: str
    technical: str
    last: str
    request: str
    closing: str
    signed: str
    reference: str
    months: tuple[str, ...] = Field(min_length=12, max_length=12)
    day: str
    kinds: dict[str, str]

    def date(self, instant: str | datetime) -> str:
        """A day of this language: `20. November 2026`."""
        at = (datetime.fromisoformat(instant) if isinstance(instant, str) else instant).astimezone(UTC)
        return self.day.format(day=at.day, month=self.months[at.month - 1], year=at.year)


class _Languages(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    languages: dict[str, str]


def languages(folder: Path = FOLDER) -> list[str]:
    """Languages in which letters can be written."""
    return sorted(path.stem for path in folder.glob("??.yaml"))


@functools.cache
def load_words(language: str, folder: Path = FOLDER) -> Words:
    """The words of a language. Raises DeclarationError; EuregioError where there is no letter in it."""
    if language not in languages(folder):
        raise EuregioError("there is no letter in this language", found=language, expected=", ".join(languages(folder)))
    path = folder / f"{language}.yaml"
    return validated(Words, read_yaml(path), path)


def language_of(country: str, folder: Path = FOLDER) -> str:
    """Language of a letter to a country (folder code): include/letters/languages.yaml, else English."""
    path = folder / "languages.yaml"
    return validated(_Languages, read_yaml(path), path).languages.get(country, FALLBACK)


def letter(incident: Incident, language: str | None = None) -> str:
    """The letter about an incident, its first line the subject; it names no person.

    Raises EuregioError for an incident that no publisher can mend, and for a language without a letter.
    """
    facts = incident.facts
    if not kind(incident.kind).letter:
        raise EuregioError(
            "this is not the publisher's to mend, so there is no letter", where=incident.incident_id, found=kind(incident.kind).subject,
            do="`euregio incidents` lists those of publishers.",
        )  # fmt: skip
    words = load_words(language or language_of(facts.get("country", "")))
    problem: dict[str, Any] = facts.get("problem", {})
    title = facts.get("title") or incident.dataset
    fetched = problem.get("fetched", [])
    last = facts.get("last_release")
    records = problem.get("records", {})
    values = {
        "words": words, "problem": problem, "fetched": fetched, "happened": words.kinds[incident.kind],
        "subject": words.subject.format(title=title, date=words.date(fetched[0]["fetched_at"] if fetched else incident.opened_at)),
        "opening": words.opening.format(title=title),
        "address": problem.get("where") if "://" in str(problem.get("where")) else None,
        "rules": [
            {"name": problem.get("titles", {}).get(name) or name, "count": count, "numbers": records.get(name, [])}
            for name, count in problem.get("reasons", {}).items()
        ],
        "figures": list(problem.get("figures", {}).values()),
        "since": incident.opened_at.strftime("%Y-%m-%d %H:%M"), "times": incident.seen_count,
        "last": words.last.format(period=last["period"], date=words.date(last["released_at"])) if last else None,
        "reference": incident.incident_id,
    }  # fmt: skip
    return str(_template().render(values)).strip() + "\n"


@functools.cache
def _template() -> Any:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    # plain text: nothing to escape
    made = Environment(
        loader=FileSystemLoader(FOLDER), undefined=ChainableUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return made.get_template("letter.txt.j2")
