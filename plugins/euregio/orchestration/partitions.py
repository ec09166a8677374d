"""A dataset's rhythm as schedule and partition keys: `CC|period`, the unit of run, backfill and news."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from euregio.errors import DeclarationError

#: Between country and period. Airflow's composite mappers split at it.
DELIMITER = "|"
#: Country of what is about no single country: European reference data, and the indicators.
EUROPE = "EU"
#: Period of news that belong to no day (a register of the year): the indicators of the present are computed.
LATEST = "latest"

_DAY, _MONTH, _YEAR, _INSTANT = "%Y-%m-%d", "%Y-%m", "%Y", "%Y-%m-%dT%H:%MZ"
_DURATION = re.compile(
    r"P(?:(?P<years>\d+)Y|(?P<months>\d+)M|(?P<weeks>\d+)W|(?P<days>\d+)D|T(?P<hours>\d+)H|T(?P<minutes>\d+)M)"
)
_KNOWN = (
    "P1Y or more years, P1M P2M P3M P4M P6M, P1W, P1D, PT1H and hours that divide 24, PT1M and minutes that divide 60"
)


@dataclass(frozen=True)
class Rhythm:
    """How often a dataset is fetched: `cron` (UTC) and `period_format`, the strftime form of its periods."""

    cron: str
    period_format: str

    @classmethod
    def of(cls, duration: str, where: str | None = None) -> Rhythm:
        """The rhythm of an ISO 8601 duration. Raises DeclarationError where its ticks would not fall evenly.

        A period must be the same whoever works it out, so minutes divide the hour, hours the day, months the year.
        """
        match = _DURATION.fullmatch(duration)
        unit, count = (match.lastgroup, int(match[match.lastgroup or 0])) if match else (None, 0)
        if unit == "years" and count >= 1:
            return cls("0 0 1 1 *", _YEAR)
        if unit == "months" and count and 12 % count == 0 and count < 12:
            return cls("0 0 1 * *" if count == 1 else f"0 0 1 */{count} *", _MONTH)
        if unit == "months" and count and count % 12 == 0:
            return cls("0 0 1 1 *", _YEAR)
        if (unit, count) in (("weeks", 1), ("days", 7)):
            return cls("0 0 * * 1", _DAY)
        if (unit == "days" and count == 1) or (unit, count) == ("hours", 24):
            return cls("0 0 * * *", _DAY)
        if unit == "hours" and count and 24 % count == 0:
            return cls("0 * * * *" if count == 1 else f"0 */{count} * * *", _INSTANT)
        if unit == "minutes" and count == 60:
            return cls("0 * * * *", _INSTANT)
        if unit == "minutes" and count and 60 % count == 0:
            return cls("* * * * *" if count == 1 else f"*/{count} * * * *", _INSTANT)
        raise DeclarationError("a rhythm that Airflow can keep evenly", where=where, found=duration, expected=_KNOWN)

    @property
    def daily_or_finer(self) -> bool:
        """Whether each of its periods lies within one day."""
        return self.period_format == _INSTANT or self.cron == "0 0 * * *"

    def period(self, at: datetime) -> str:
        """The period that holds the instant `at` (aware), say `2026-11-20`, `2026-11` or `2026-11-20T10:05Z`."""
        from croniter import croniter

        at = at.astimezone(UTC)
        if not croniter.match(self.cron, at):
            at = croniter(self.cron, at).get_prev(datetime)
        return at.strftime(self.period_format)

    def check(self, period: str, where: str | None = None) -> str:
        """`period` itself. Raises DeclarationError where it is not one of this rhythm's."""
        try:
            at = datetime.strptime(period, self.period_format).replace(tzinfo=UTC)
            if at.strftime(self.period_format) == period == self.period(at):
                return period
        except ValueError:
            pass
        example = self.period(datetime.now(UTC))
        raise DeclarationError(
            "not a period of this dataset's rhythm", where=where, found=period, expected=f"one like {example}"
        )


def key_of(country: str, period: str) -> str:
    """The partition's key, `NL|2026-11-20`."""
    return f"{country.upper()}{DELIMITER}{period}"


def period_of(key: str) -> str:
    """The period of a key. Raises DeclarationError where the key is no `CC|period`."""
    country, delimiter, period = key.partition(DELIMITER)
    if not (country and delimiter and period):
        raise DeclarationError("not a partition", found=key, expected="COUNTRY|PERIOD, such as NL|2026-11-20")
    return period
