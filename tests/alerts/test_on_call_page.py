"""The guide for the person on call names every kind of alert, as it stands in include/alerts/kinds.yaml."""

from __future__ import annotations

import pytest

from euregio.alerts.kinds import load_kinds
from euregio.settings import PROJECT

PAGE = PROJECT / "docs" / "on-call.md"


@pytest.mark.parametrize("name", load_kinds())
def test_each_kind_has_its_meaning_first_look_and_steps(name: str) -> None:
    section = PAGE.read_text().partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    one = load_kinds()[name]
    assert one.look, "include/alerts/kinds.yaml says where to look first"
    assert one.subject in section
    assert one.severity in section
    for text in (*one.look, *one.next):
        assert text in section
    assert "{" not in section.replace("{found}", ""), "no name is left to be filled in"
