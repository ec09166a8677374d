"""Every document that is generated: from declarations, from the headers of indicators, from the kinds of alerts."""

from __future__ import annotations

from pathlib import Path

from euregio.settings import PROJECT


def documents() -> dict[Path, str]:
    """Every generated document: its path in the project, and what it should hold."""
    from euregio.alerts.document import document as kinds_of_alerts
    from euregio.declarations.documents import documents as of_declarations
    from euregio.indicators.document import document as indicators

    docs = PROJECT / "docs"
    return {**of_declarations(), docs / "indicators.md": indicators(), docs / "on-call.md": kinds_of_alerts()}


def outdated() -> dict[Path, str]:
    """Those whose file is not there or says something else, with what it should hold."""
    return {
        path: text
        for path, text in documents().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    }


def write() -> list[Path]:
    """Write what is outdated; gives the paths."""
    changed = outdated()
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(changed)
