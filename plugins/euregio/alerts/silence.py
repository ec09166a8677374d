"""Silence: from a dataset's rhythm, calendar and service level to its state now. Pure functions of instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from euregio.declarations.rhythm import about
from euregio.declarations.service import Service

State = Literal["early", "due", "late", "stale", "withdrawn", "never publishes"]
#: Which state stands for trouble, and as which kind.
KINDS: dict[str, str] = {"late": "late", "stale": "stale"}
#: So many ticks on closed days are passed over; then one counts whatever the calendar says.
_MOST_TICKS = 2000
_MOST_DAYS = 400


@dataclass(frozen=True)
class Silence:
    """The state of a dataset: since when, and when it becomes late if nothing is done (UTC)."""

    state: State
    since: datetime | None = None
    late_at: datetime | None = None

    def to_json(self) -> dict[str, str | None]:
        """As plain JSON values."""
        moments = {"since": self.since, "late_at": self.late_at}
        return {"state": self.state, **{name: at.isoformat() if at else None for name, at in moments.items()}}


def silence(
    rhythm: str,
    cron: str,
    service: Service,
    zone: str | None,
    looked: datetime | None,
    news: datetime | None,
    now: datetime,
) -> Silence:
    """The state of a dataset at `now`.

    `rhythm` and `cron` (UTC) say when a look at the publisher falls due; `looked` is the last look that was carried
    through (bytes unchanged counts), `news` the last one that brought other bytes. None where there was none yet: a
    dataset that was never run is `due`, for nobody waits for it. Days are those of `zone` (an IANA name, else UTC).

    * early: the present period was looked at, the next is not due. due: a look is due, its grace runs. late: it is over.
    * stale: the publisher's bytes stand still longer than the service level allows, closed days not counted.
    """
    local: tzinfo = ZoneInfo(zone) if zone else UTC
    if service.withdrawn and now.astimezone(local).date() >= service.withdrawn:
        return Silence("withdrawn", datetime.combine(service.withdrawn, datetime.min.time(), local).astimezone(UTC))
    if service.publishes == "never":
        return Silence("never publishes")
    if looked is None:
        return Silence("due")
    length = about(rhythm)
    due = _first_due(cron, service, local, looked)
    late_at = due + service.grace_span(length)
    news = news or looked
    limit = service.stale_span(length)
    if now - news > limit and _open_time(news, now, service, local) > limit:
        return Silence("stale", news + limit, late_at)
    if now >= late_at:
        return Silence("late", late_at, late_at)
    return Silence("due", due, late_at) if now >= due else Silence("early", looked, late_at)


def _first_due(cron: str, service: Service, local: tzinfo, looked: datetime) -> datetime:
    """The first tick after `looked` on a day on which the publisher publishes."""
    from croniter import croniter

    ticks = croniter(cron, looked.astimezone(UTC))
    tick: datetime = ticks.get_next(datetime)
    for _ in range(_MOST_TICKS):
        if service.is_open(tick.astimezone(local).date()):
            break
        tick = ticks.get_next(datetime)
    return tick.astimezone(UTC)


def _open_time(begin: datetime, end: datetime, service: Service, local: tzinfo) -> timedelta:
    """Time from `begin` to `end` without the days on which the publisher does not publish.

    Days are counted in local time, in which a day may have 23 or 25 hours. Beyond 400 days all count: the calendar no
    longer matters.
    """
    if end - begin > timedelta(days=_MOST_DAYS):
        return end - begin
    open_time, at = timedelta(0), begin
    while at < end:
        day = at.astimezone(local).date()
        midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), local)
        until = min(end, max(midnight.astimezone(UTC), at + timedelta(minutes=1)))
        if service.is_open(day):
            open_time += until - at
        at = until
    return open_time
