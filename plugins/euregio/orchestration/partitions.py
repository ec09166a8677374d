"""A dataset's rhythm as schedule and partition keys: `CC|period`, the unit of run, backfill and news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from euregio.declarations.datasets import begin_of
from euregio.declarations.rhythm import EVEN, parts_of
from euregio.errors import DeclarationError

#: Between country and period. Airflow's composite mappers split at it.
DELIMITER = "|"
#: Country of what is about no single country: European reference data, and the indicators.
EUROPE = "EU"
#: Period of news that belong to no day (a register of the year): the indicators of the present are computed.
LATEST = "latest"

#: A period that begins later than this from now is a slip of the pen: released, it would stand before all that follow.
_AHEAD = timedelta(days=7)

_DAY, _MONTH, _YEAR, _INSTANT = "%Y-%m-%d", "%Y-%m", "%Y", "%Y-%m-%dT%H:%MZ"


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
        try:
            unit, count = parts_of(duration)
        except ValueError as error:
            raise DeclarationError(
                "a rhythm that Airflow can keep evenly", where=where, found=duration, expected=EVEN
            ) from error
        match unit, count:
            case ("years", _) | ("months", 12):
                return cls("0 0 1 1 *", _YEAR)
            case "months", _:
                return cls("0 0 1 * *" if count == 1 else f"0 0 1 */{count} *", _MONTH)
            case ("weeks", _) | ("days", 7):
                return cls("0 0 * * 1", _DAY)
            case ("days", 1) | ("hours", 24):
                return cls("0 0 * * *", _DAY)
            case ("hours", 1) | ("minutes", 60):
                return cls("0 * * * *", _INSTANT)
            case "hours", _:
                return cls(f"0 */{count} * * *", _INSTANT)
            case _:
                return cls("* * * * *" if count == 1 else f"*/{count} * * * *", _INSTANT)

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

    def check(self, period: object, where: str | None = None) -> str:
        """`period` itself. Raises DeclarationError where it is not one of this rhythm's, or is of the future."""
        try:
            at = datetime.strptime(str(period), self.period_format).replace(tzinfo=UTC)
            if at.strftime(self.period_format) == period == self.period(at):
                return not_ahead(str(period), at, where)
        except ValueError:
            pass
        example = self.period(datetime.now(UTC))
        raise DeclarationError(
            "not a period of this dataset's rhythm", where=where, found=period, expected=f"one like {example}"
        )


def not_ahead(period: str, begin: datetime, where: str | None = None) -> str:
    """`period` itself. Raises DeclarationError where it begins more than a week from now."""
    if begin > datetime.now(UTC) + _AHEAD:
        raise DeclarationError(
            "this period lies in the future: released, it would stand before all that follow", where=where, found=period,
            expected=f"at most {_AHEAD.days} days from now",
        )  # fmt: skip
    return period


def day_of(period: str, where: str | None = None) -> str:
    """`period` itself, a day. Raises DeclarationError for anything else, and for a day of the future."""
    if len(period) != len("2026-11-20"):
        raise DeclarationError("this is not a day", where=where, found=period, expected="a day such as 2026-11-20")
    return not_ahead(period, begin_of(period, where), where)


def key_of(country: str, period: str) -> str:
    """The partition's key, `NL|2026-11-20`."""
    return f"{country.upper()}{DELIMITER}{period}"


def period_of(key: str) -> str:
    """The period of a key. Raises DeclarationError where the key is no `CC|period`."""
    country, delimiter, period = key.partition(DELIMITER)
    if not (country and delimiter and period):
        raise DeclarationError("not a partition", found=key, expected="COUNTRY|PERIOD, such as NL|2026-11-20")
    return period
