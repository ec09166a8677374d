"""The commands that the docs tell people to type: from code blocks and from code within sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Pages that people work from.
PAGES = (
    "README.md",
    "docs/operate.md",
    "docs/on-call.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs/how-to").glob("*.md")),
)
_PROGRAMS = re.compile(
    r"(euregio|make|airflow|docker|pytest|python|pip|uv|git|pg_dump|psql|pg_restore|curl|kubectl|helm|df|deploy/make-env|scripts/\w+)(?= |$)"
)
_SHELL = ("", "sh", "bash", "console", "shell")


def commands_of(page: str) -> Iterator[tuple[str, str]]:
    """Each command of a page with the paragraph or block line that it stands in. Comments and `.venv/bin/` are taken off."""
    fence, paragraph = None, ""
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.strip().startswith("```"):
            fence = None if fence is not None else line.strip()[3:].strip()
        elif fence is not None or line.startswith("    "):
            if fence is None or fence in _SHELL:
                # a pipe or a second command, where it does not stand within quotes
                for part in re.split(r"""(?:&&|\|)(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", re.sub(r"(^|\s)#.*", "", line)):
                    yield from ((command, line) for command in _command(part, lone=True))
        else:
            paragraph = line
            for span in re.findall(r"`([^`]+)`", line):
                yield from ((command, paragraph) for command in _command(span, lone=False))


def _command(text: str, *, lone: bool) -> Iterator[str]:
    """The command that a text is; a program's name alone is one in a block only (`make`), not in a sentence."""
    words = re.sub(r"^(\$ |[A-Z_]+=\S+ )*", "", " ".join(text.split())).replace(".venv/bin/", "")
    if _PROGRAMS.match(words) and (lone or " " in words):
        yield words
