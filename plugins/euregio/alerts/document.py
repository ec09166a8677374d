"""docs/on-call.md, made from the kinds of alerts."""

from __future__ import annotations

from collections.abc import Iterator

from euregio.alerts.kinds import Kind, load_kinds

_INTRODUCTION = """# On call: what each alert means, where to look first, what to do

Made from `include/alerts/kinds.yaml` by `make docs`; do not edit. An alert's subject is the heading's
words after the dataset's id. How alerts come, go quiet and end: [how-to/alerts.md](how-to/alerts.md).

First, for any of them:

    euregio incidents            # what is open, since when, how often
    euregio incidents INCIDENT   # one of them whole: what was found and expected, rules, examples, next steps

The last good release stays in the layer in every case: nothing has to be mended at night unless numbers must be new by
morning. **critical** needs a person; **warning** degrades numbers, and may mend itself; **info** comes in the digest."""
_REACH = {
    "dataset": "one incident for each dataset",
    "country": "one for a country's workers",
    "installation": "one for the whole installation",
}


def document() -> str:
    """The page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    kinds = load_kinds()
    yield _INTRODUCTION
    yield "\n| alert | kind | severity |\n|---|---|---|"
    for name, one in kinds.items():
        yield f"| [{one.subject}](#{name}) | `{name}` | {one.severity} |"
    for name, one in kinds.items():
        yield from _kind(name, one)


def _kind(name: str, one: Kind) -> Iterator[str]:
    letter = "the publisher can mend it: `euregio letter`" if one.letter else "nobody outside can mend it: no letter"
    yield f"\n## {name}\n\n*{one.subject}* · {one.severity} · {_REACH[one.scope]} · {letter}\n"
    happened = one.happened.format(publisher="the publisher", title="the dataset", found="…")
    yield happened[:1].upper() + happened[1:]
    if one.look:
        yield "\nFirst look:\n"
        yield from (f"- {text}" for text in one.look)
    yield "\nWhat to do:\n"
    yield from (f"{number}. {text}" for number, text in enumerate(one.next, start=1))
