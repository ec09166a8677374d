"""Which rhythms a dataset may have: those whose periods are the same whoever works them out."""

from __future__ import annotations

import re
from datetime import timedelta

#: Years, or what divides the year, the day or the hour evenly; also the pattern of the JSON Schema.
PATTERN = r"^P([1-9][0-9]?Y|(1|2|3|4|6|12)M|1W|(1|7)D|T(1|2|3|4|6|8|12|24)H|T(1|2|3|4|5|6|10|12|15|20|30|60)M)$"
#: The same for people.
EVEN = (
    "P1Y or more years, P1M P2M P3M P4M P6M P12M, P1W or P7D, P1D, PT1H and hours that divide 24, "
    "PT1M and minutes that divide 60"
)
_EVEN = re.compile(PATTERN.strip("^$"))
_UNITS = {"Y": "years", "M": "months", "W": "weeks", "D": "days"}


def parts_of(duration: str) -> tuple[str, int]:
    """Unit (`minutes`, `hours`, `days`, `weeks`, `months`, `years`) and count of an ISO 8601 duration.

    Raises ValueError where its periods would not fall evenly on hour, day or year (PT7M, P2D, P5M): two that count
    from different days would disagree about them.
    """
    if not _EVEN.fullmatch(duration):
        raise ValueError(f"not a rhythm whose periods fall evenly; expected {EVEN}")
    count = int(duration.strip("PTYMWDH"))
    if "T" in duration:
        return ("hours" if duration.endswith("H") else "minutes"), count
    return _UNITS[duration[-1]], count


def about(duration: str) -> timedelta:
    """How long a rhythm's period lasts, months as 30 days and years as 365. Raises ValueError as `parts_of`."""
    unit, count = parts_of(duration)
    days = {"years": 365, "months": 30}
    return timedelta(days=days[unit] * count) if unit in days else timedelta(**{unit: count})
