"""What the pages of incidents tell, and what a person orders there, as typed facts. Instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from euregio.pages.models import Accepted, IncidentLine


class Incidents(BaseModel):
    """Incidents, the gravest open ones first, then the closed, the latest first."""

    at: datetime
    journal: str | None
    open: list[IncidentLine]
    closed: list[IncidentLine]


class Message(BaseModel):
    """A message that went out, or could not."""

    channel: str
    kind: str
    at: datetime
    error: str | None


class Held(BaseModel):
    """A batch that gates hold, and what became of it."""

    batch: str
    period: str
    gates: list[str]
    figures: dict[str, str]
    released_by: str | None = Field(default=None, description="The run that released it since")


class IncidentFacts(BaseModel):
    """One incident in full. No rows but those that the policy lets be shown."""

    at: datetime
    line: IncidentLine
    title: str
    happened: str
    next: list[str]
    problem: dict[str, Any]
    last_release: dict[str, Any] | None
    degrades: list[dict[str, Any]]
    periods: list[str]
    runs: list[str]
    samples: list[str]
    told: list[Message]
    held: Held | None
    accepted: list[Accepted]
    languages: list[str] = Field(
        description="Languages of the letter to the publisher; none where it is not its to mend"
    )
    language: str | None


class Letter(BaseModel):
    """The letter to a publisher, its first line the subject."""

    incident_id: str
    language: str
    text: str


class AcceptanceOrder(BaseModel):
    """A person's word. Who it is, the log-in says."""

    batch: str = Field(pattern=r"^[0-9a-f]{20}$", description="The batch that was looked at")
    gates: list[Literal["volume", "schema", "identity"]] = Field(min_length=1, max_length=3)
    reason: str = Field(min_length=5, max_length=500)


class AcceptanceRun(BaseModel):
    """The run that releases an accepted batch."""

    dataset: str
    run_id: str
    person: str | None


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: Any
