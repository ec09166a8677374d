"""Who is told what, where and when: `include/alerts.yaml`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FILE = PROJECT / "include" / "alerts.yaml"
Severity = Literal["critical", "warning", "info"]
#: In the place of an address: the addresses of the dataset's owner.
OWNER = "owner"


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(_Declared):
    """A way to people. Host, log-in and tokens are those of the Airflow connection."""

    kind: Annotated[Literal["mail", "apprise"], Field(description="mail: SMTP; apprise: chat, webhooks and others")]
    connection: Annotated[
        str, Field(pattern=r"^[\w.-]+$", description="Airflow connection that holds host and secrets")
    ]
    to: Annotated[
        tuple[str, ...],
        Field(default=(), description="Mail addresses; `owner` stands for those of the dataset's owner (see owners)"),
    ]

    @model_validator(mode="after")
    def _mail_goes_to_someone(self) -> Channel:
        if (self.kind == "mail") != bool(self.to):
            raise ValueError("a mail channel has addresses in `to`" if self.kind == "mail" else "`to` is for mail only")
        for address in self.to:
            if address != OWNER:
                _address(address)
        return self


class Choice(_Declared):
    """Which incidents: those for which every list that is given holds the incident's own value."""

    countries: Annotated[
        tuple[str, ...], Field(default=(), description="Folder codes of countries, eu for European data")
    ]
    themes: Annotated[tuple[str, ...], Field(default=(), description="Themes, such as charging")]
    severities: Annotated[tuple[Severity, ...], Field(default=(), description="critical, warning, info")]
    owners: Annotated[tuple[str, ...], Field(default=(), description="Owners, as the datasets name them")]
    kinds: Annotated[tuple[str, ...], Field(default=(), description="Kinds of include/alerts/kinds.yaml")]
    datasets: Annotated[tuple[str, ...], Field(default=(), description="Dataset ids")]

    def takes(self, facts: dict[str, Any]) -> bool:
        """Whether it takes an incident with these facts (dataset, country, theme, severity, owner, kind)."""
        given = (
            (self.countries, "country"), (self.themes, "theme"), (self.severities, "severity"), (self.owners, "owner"),
            (self.kinds, "kind"), (self.datasets, "dataset"),
        )  # fmt: skip
        return all(not wanted or facts.get(name) in wanted for wanted, name in given)


class Route(Choice):
    """Incidents that go to these channels. An incident goes to the channels of every route that takes it."""

    channels: Annotated[tuple[str, ...], Field(min_length=1, description="Names of channels")]


class Window(Choice):
    """A time in which nobody is told; what is still open when it ends is told then."""

    begin: Annotated[AwareDatetime, Field(description="First instant, with offset: 2026-12-01T22:00:00+01:00")]
    end: Annotated[AwareDatetime, Field(description="First instant after it")]
    why: Annotated[str, Field(min_length=3, description="What is done meanwhile")]

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Window:
        if self.end <= self.begin:
            raise ValueError("a window ends after it begins")
        return self


class Digest(_Declared):
    """When incidents of severity info, which are not told one by one, are told together."""

    at: Annotated[str, Field(default="07:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day")]
    time_zone: Annotated[str, Field(default="UTC", description="IANA zone of that time")]

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("not a time zone of the IANA list (such as Europe/Berlin)") from error
        return value


class Alerts(_Declared):
    """The whole of `include/alerts.yaml`."""

    channels: Annotated[
        dict[Annotated[str, Field(max_length=60)], Channel],
        Field(default_factory=dict, description="Ways to people, by name"),
    ]
    routes: Annotated[tuple[Route, ...], Field(default=(), description="Which incidents go where")]
    owners: Annotated[
        dict[str, tuple[str, ...]], Field(default_factory=dict, description="Mail addresses of the datasets' owners")
    ]
    severity: Annotated[
        dict[str, Severity], Field(default_factory=dict, description="Other severities for kinds: {late: warning}")
    ]
    remind_after_days: Annotated[
        tuple[float, ...],
        Field(default=(1, 3, 7, 14, 30), description="Days after the opening at which an open incident is told again"),
    ]
    digest: Annotated[Digest, Field(default_factory=Digest, description="When the digest of info goes out")]
    maintenance: Annotated[tuple[Window, ...], Field(default=(), description="Times in which nobody is told")]
    page: Annotated[
        str,
        Field(default="/euregio/datasets/{dataset}", description="Path of a dataset's page below Airflow's address"),
    ]

    @model_validator(mode="after")
    def _routes_name_channels(self) -> Alerts:
        for route in self.routes:
            if unknown := sorted(set(route.channels) - set(self.channels)):
                raise ValueError(f"a route names the channel {', '.join(unknown)}, which is not among the channels")
        for addresses in self.owners.values():
            for address in addresses:
                _address(address)
        return self

    def channels_for(self, facts: dict[str, Any]) -> list[str]:
        """Names of the channels that an incident with these facts goes to, each once."""
        return list(dict.fromkeys(name for route in self.routes if route.takes(facts) for name in route.channels))

    def window(self, facts: dict[str, Any], at: datetime) -> Window | None:
        """The maintenance window that holds an incident back at this instant."""
        return next((one for one in self.maintenance if one.begin <= at < one.end and one.takes(facts)), None)

    def addresses(self, channel: Channel, owner: str) -> list[str]:
        """The mail addresses of a channel, the owner's filled in."""
        found = [one for to in channel.to for one in (self.owners.get(owner, ()) if to == OWNER else (to,))]
        return list(dict.fromkeys(found))

    def digest_due(self, at: datetime) -> datetime:
        """The latest instant at or before `at` at which a digest is due, UTC."""
        local = at.astimezone(ZoneInfo(self.digest.time_zone))
        hour, minute = map(int, self.digest.at.split(":"))
        due = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
        if due > local:
            from datetime import timedelta

            due = (due.replace(tzinfo=None) - timedelta(days=1)).replace(tzinfo=due.tzinfo)
        return due.astimezone(UTC)


def load_alerts(path: Path | None = None) -> Alerts:
    """The declared alerts; none where the file is absent. Raises DeclarationError with file, line and field."""
    path = path or FILE
    return validated(Alerts, read_yaml(path), path) if path.is_file() else Alerts.model_validate({})


def _address(text: str) -> None:
    name, at, host = text.rpartition("@")
    if not (name and at and host) or any(sign in text for sign in " ,;<>\r\n"):
        raise ValueError(f"{text!r} is not a mail address")
