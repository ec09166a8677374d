"""A publisher of a register in files, one a day, and an installation that runs the four steps over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from euregio import pipeline
from euregio.declarations import datasets, profiles
from euregio.settings import Settings
from euregio.storage.layer import open_layer
from irve_header import FIELDS

NAME = "fr.charging__office"
DATASET = """title: Register of a test
publisher: Office
format: irve-static
rhythm: P1D
source: {url: "https://office.example/register.csv"}
licence: {id: CC-BY-4.0}
release:
  access: open
  fields: [identity, place, place_exact, operator, power, access, lifecycle]
"""
POINT = 'Op,FRA01P{i},FRA01E{i},"[{x:.4f}, 48.{y}]",22,true,false,Accès libre,24/7,2026-11-01'


def register(points: range, change: Callable[[str], str] = str) -> str:
    """The publisher's file with points of these numbers, each line changed by `change`."""
    return "\n".join([FIELDS, *(change(POINT.format(i=i, x=2 + i / 10000, y=i % 90 + 10)) for i in points)]) + "\n"


@dataclass
class Office:
    """The publisher and the installation: `lay` its file of a day, `run` the steps over it, `ask` the layer."""

    folder: Path
    settings: Settings

    def lay(self, day: str, text: str) -> None:
        (self.folder / f"{day}.csv").write_text(text)

    def run(self, day: str, text: str) -> pipeline.Batch:
        self.lay(day, text)
        return pipeline.run(NAME, day, settings=self.settings)

    def ask(self, query: str) -> list[tuple[object, ...]]:
        with open_layer(self.settings) as con:
            return con.execute(query).fetchall()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    declared = tmp_path / "fr" / "charging__office.yaml"
    declared.parent.mkdir()
    declared.write_text(DATASET)
    days = [f"2026-11-{day}" for day in range(10, 30)]
    files = {NAME: [{"period": day, "files": [f"{day}.csv"]} for day in days]}
    (tmp_path / "trial.yaml").write_text(json.dumps({"kind": "files", "root": str(tmp_path), "datasets": files}))
    monkeypatch.setattr(datasets, "dataset", lambda _name: datasets.load_dataset(declared))
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    profiles.load_profile.cache_clear()
    yield Office(
        tmp_path,
        Settings(
            home=tmp_path / "home", profile="trial", zones=f"{tmp_path}/zones",
            layer_catalogue=f"sqlite:{tmp_path}/layer/catalogue.sqlite", layer_data=f"{tmp_path}/layer/data",
        ),
    )  # fmt: skip
    profiles.load_profile.cache_clear()
