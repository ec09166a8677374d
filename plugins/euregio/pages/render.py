"""Renders the engineer's pages: every text escaped, style and script inline, and a policy that forbids all else."""

from __future__ import annotations

import base64
import functools
import hashlib
import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from euregio.alerts.message import duration
from euregio.pages import draw

HERE = Path(__file__).parent
_LONGEST = 160


def render(name: str, *, base: str, airflow: str, **values: Any) -> tuple[str, str]:
    """The page `name` as HTML, and its content security policy. `base` is where the pages are, `airflow` its UI."""
    style, script = _asset("pages.css"), _asset("pages.js")
    page = _environment().get_template(f"{name}.html.j2").render(
        **values, base=base, airflow=airflow, style=Markup(style), script=Markup(script), draw=draw
    )  # fmt: skip
    return page, policy(style, script)


def policy(style: str, script: str) -> str:
    """Nothing from elsewhere, no script and style but these; forms go to us; only our own frames show the page."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    )


def ago(at: datetime | None, now: datetime) -> Markup:
    """A span to now for people, the exact instant on hover and for programs."""
    if at is None:
        return Markup("–")
    at = at.astimezone(UTC)
    span = now - at
    said = f"{duration(span)} ago" if span >= timedelta(0) else f"in {duration(-span)}"
    if abs(span) < timedelta(minutes=1):
        said = "just now"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(timespec="seconds"), at.strftime("%Y-%m-%d %H:%M:%S UTC"), said
    )


def count(value: float | None) -> str:
    """A whole number with thin spaces; a dash where it is not known."""
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def size(value: float | None) -> str:
    """Bytes in a unit that fits: `12.3 MB`."""
    if value is None:
        return "–"
    number = float(value)
    if number < 1000:
        return f"{number:.0f}\u202fB"
    for prefix in "kMGT":
        number /= 1000
        if number < 1000 or prefix == "T":
            break
    return f"{number:.3g}\u202f{prefix}B"


def seconds(value: float | None) -> str:
    """A span of time in the unit that fits: `0.42 s`, `12.3 s`, `4 min 10 s`."""
    if value is None:
        return "–"
    if value < 100:
        return f"{value:.3g}\u202fs"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}\u202fh {minutes}\u202fmin" if hours else f"{minutes}\u202fmin {rest}\u202fs"


def money(value: float | None, currency: str) -> str:
    """An amount of money with three significant digits, never rounded to nothing: `EUR 0.00042`."""
    if value is None:
        return "–"
    digits = 2 if value >= 100 or value == 0 else min(8, max(2, 2 - math.floor(math.log10(value))))
    if 0 < value < 1e-8:
        return f"< {currency} 0.00000001"
    return f"{currency} {value:,.{digits}f}".replace(",", "\u202f")


def percent(share: float) -> str:
    """A share in per cent; what is there is never 0 %."""
    if 0 < share < 0.001:
        return "< 0.1\u202f%"
    return f"{100 * share:.3g}\u202f%"


def rhythm(text: str) -> str:
    """An ISO duration in words: `every 5 minutes`, `daily`."""
    known = {"P1D": "daily", "P1W": "weekly", "P7D": "weekly", "P1M": "monthly", "P1Y": "yearly", "PT1H": "hourly"}
    parts = re.fullmatch(r"P(T?)(\d+)([MHDWY])", text)
    if text in known or parts is None:
        return known.get(text, text)
    time, number, unit = parts.groups()
    names = {"M": "minutes" if time else "months", "H": "hours", "D": "days", "W": "weeks", "Y": "years"}
    return f"every {number} {names[unit]}"


def outside(address: str | None) -> str | None:
    """An address of the web that may be a link; anything else (javascript:, data:) is none."""
    return address if address and address.startswith(("https://", "http://")) else None


def short(text: Any) -> Markup:
    """A text cut to a readable length, the whole on hover."""
    whole = str(text)
    if len(whole) <= _LONGEST:
        return escape(whole)
    return Markup('<span title="{}">{}…</span>').format(whole[:2000], whole[:_LONGEST])


def marked(text: Any) -> Markup:
    """A text whose `words in backticks` are code; all of it is escaped."""
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if number % 2 else escape(piece)
        for number, piece in enumerate(_pieces(str(text)))
    )


def _pieces(text: str) -> list[str]:
    """The text cut at backticks; where they are not in pairs it is whole."""
    pieces = text.split("`")
    return pieces if len(pieces) % 2 else [text]


def part(text: str) -> str:
    """A text as one part of a path."""
    return quote(str(text), safe="")


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    made.filters |= {
        "ago": ago, "count": count, "size": size, "seconds": seconds, "money": money, "percent": percent, "rhythm": rhythm, "outside": outside, "short": short, "part": part,
        "marked": marked,
    }  # fmt: skip
    return made


@functools.cache
def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
