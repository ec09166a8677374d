"""A dataset that was open and is closed by now: upkeep takes out what it left in the layer, and the indicators say so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from euregio import again, use_case
from euregio.commands import maintain as upkeep
from euregio.commands.maintain import maintain
from euregio.declarations import datasets
from office import NAME, Office, register

ROWS = "SELECT _period, count(*) FROM core.recharging_point GROUP BY ALL ORDER BY ALL"


def test_upkeep_takes_a_closed_datasets_rows_out_and_a_replay_brings_what_may_cross(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(office.settings)
    for day in ("2026-11-20", "2026-11-21"):
        office.run(day, register(range(30)))
    declared = datasets.dataset(NAME)
    now: dict[str, Any] = {"is": declared}
    monkeypatch.setattr(datasets, "dataset", lambda _name: now["is"])
    monkeypatch.setattr(upkeep, "load_datasets", lambda: [now["is"]])
    computed: list[str] = []
    monkeypatch.setattr(use_case, "compute", lambda name, *_a, **_k: computed.append(name) or {})
    monkeypatch.setattr(use_case, "check_indicators", lambda *_a, **_k: {})
    monkeypatch.setattr(use_case, "publish", lambda *_a, **_k: None)

    assert maintain(settings)["policy"] == {"withdrawn": [], "unclear": [], "computed": [], "undeclared": []}
    assert computed == []
    now["is"] = declared.model_copy(update={"licence": None})
    told = maintain(settings)["policy"]
    assert "no licence is declared" in told["withdrawn"][0]
    assert computed == told["computed"] != []
    assert office.ask(ROWS) == []
    assert maintain(settings)["policy"]["withdrawn"] == [], "once more changes nothing"
    now["is"] = declared
    assert again.replay(NAME, "2026-11-20", settings=settings).released == 30, "it is open again"
    assert office.ask(ROWS) == [("2026-11-20", 30)]
    monkeypatch.setattr(upkeep, "load_datasets", list)
    assert maintain(settings)["policy"]["undeclared"] == [NAME]
