"""Renders a page: every text escaped, style and script inline, and a policy that forbids all that is not the page's own."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from euregio.publish.atlas.messages import Messages

HERE = Path(__file__).parent
#: By this a page is known as ours.
GENERATOR = '<meta name="generator" content="Euregio atlas">'
_STYLES = ("base", "map", "cards", "print")


def render(context: dict[str, Any], words: Messages) -> str:
    """The page as HTML. `context` comes from `page.region_page`; `words` is the page's language."""
    style, script = _style(context["map"]), _asset("atlas.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template("page.html.j2")
    return template.render(
        **context, words=words, say=words, style=Markup(style), script=Markup(script), policy=policy, generator=Markup(GENERATOR),
        map_json=Markup(as_script(context["map"]["texts"] if context["map"] else {})),
    )  # fmt: skip


def as_script(value: object) -> str:
    """JSON that can stand in a script element: nothing in it ends the element or opens a comment."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@functools.cache
def _asset(name: str) -> str:
    return (HERE / "assets" / name).read_text(encoding="utf-8")


def _style(drawn: dict[str, Any] | None) -> str:
    """All style sheets and, for the page's map, its proportion and which fill a measure's class has."""
    rules = [_asset(f"{name}.css") for name in _STYLES]
    if drawn:
        rules.append(f":root {{ --map-ratio: {drawn['ratio']}; }}")
        for number, one in enumerate(drawn["measures"]):
            page = ".map" if number == 0 else f".map:has(#measure-{one['id']}:checked)"
            last = len(one["bounds"]) - 1
            for place in range(last + 1):
                # Fewer classes than colours are spread over all of them, so that the greatest is always the darkest.
                rules.append(
                    f"{page} .m-{one['id']}-{place} {{ fill: var(--amount-{round(4 * place / last) if last else 2}); }}"
                )
            rules.append(f"{page} .m-{one['id']}-n {{ fill: url(#hatch); }}")
            rules.append(f".map:has(#measure-{one['id']}:checked) .amounts-{one['id']} {{ display: flex; }}")
    return "\n".join(rules)


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
