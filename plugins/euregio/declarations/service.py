"""The service level of a dataset: how long to wait before silence is trouble, and when silence is none."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

_DURATION = re.compile(r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?")
#: Days of what months and years count as here: the longest, for these are times to wait.
_DAYS = (366, 31, 7, 1)
_PATTERN = r"^P(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?)?$"
_HOLIDAY = re.compile(r"(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
Duration = Annotated[str | None, Field(default=None, json_schema_extra={"pattern": _PATTERN})]


class Service(BaseModel):
    """What to expect of a publisher. All of it may be left out: the rhythm gives what is not said."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    grace: Annotated[
        Duration, Field(description="After a period fell due, how long until it is late: the rhythm, 1 hour to 3 days")
    ] = None
    stale_after: Annotated[
        Duration, Field(description="How long the same bytes may stand: 7 periods of the rhythm, at least a day")
    ] = None
    run_within: Annotated[Duration, Field(description="Within this a run ends: 6 hours")] = None
    weekdays: Annotated[
        tuple[Weekday, ...],
        Field(min_length=1, description="Days on which the publisher publishes, in the dataset's time zone"),
    ] = WEEKDAYS
    holidays: Annotated[
        tuple[str, ...], Field(description="Days on which it does not: 12-25 of every year, or 2026-05-14")
    ] = ()
    withdrawn: Annotated[date | None, Field(description="From this day on the publisher offers it no more")] = None
    publishes: Annotated[
        Literal["regularly", "never"], Field(description="never: only a file is known, silence is no trouble")
    ] = "regularly"

    @field_validator("grace", "stale_after", "run_within")
    @classmethod
    def _duration(cls, value: str | None) -> str | None:
        if value is not None and not span_of(value):
            raise ValueError("not a duration such as PT2H, P3D or P1M")
        return value

    @field_validator("holidays")
    @classmethod
    def _days(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            if not _HOLIDAY.fullmatch(text):
                raise ValueError(f"{text!r} is no day such as 12-25 or 2026-05-14")
        return value

    @property
    def run_within_span(self) -> timedelta:
        """Within this a run ends."""
        return span_of(self.run_within) if self.run_within else timedelta(hours=6)

    def grace_span(self, rhythm: timedelta) -> timedelta:
        """After a period fell due, how long until it is late."""
        if self.grace:
            return span_of(self.grace)
        return max(timedelta(hours=1), min(rhythm, timedelta(days=3)))

    def stale_span(self, rhythm: timedelta) -> timedelta:
        """How long the same bytes may stand."""
        return span_of(self.stale_after) if self.stale_after else max(timedelta(days=1), 7 * rhythm)

    def is_open(self, day: date) -> bool:
        """Whether the publisher publishes on this day."""
        return WEEKDAYS[day.weekday()] in self.weekdays and not {f"{day:%m-%d}", day.isoformat()} & set(self.holidays)


def span_of(duration: str) -> timedelta:
    """The span of an ISO 8601 duration; a month counts 31 days, a year 366. Zero for what is none."""
    found = _DURATION.fullmatch(duration)
    if not found:
        return timedelta(0)
    *days, hours, minutes = (int(part or 0) for part in found.groups())
    total = sum(count * size for count, size in zip(days, _DAYS, strict=True))
    return timedelta(days=min(total, 36_600), hours=min(hours, 10**6), minutes=min(minutes, 10**6))
