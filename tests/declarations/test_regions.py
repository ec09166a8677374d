"""Border regions are read and validated once; a wrong one is refused with file, line and field."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from euregio.declarations.regions import FOLDER, load_region, load_regions
from euregio.errors import DeclarationError
from euregio.settings import PROJECT

GOOD = (FOLDER / "pyrenees.yaml").read_text(encoding="utf-8")
NUTS = (
    Path(os.environ.get("EUREGIO_REAL_DATA") or PROJECT.parent / "shared" / "real")
    / "spatial"
    / "eu"
    / "NUTS_RG_20M_2024_4326.geojson"
)


def test_the_declared_regions_have_at_least_two_sides_of_different_countries() -> None:
    regions = load_regions()
    assert {"euregio-meuse-rhine", "upper-rhine", "pyrenees"} <= set(regions)
    for region in regions.values():
        assert len({side.country for side in region.sides}) >= 2


def test_a_partial_member_is_named_and_not_counted() -> None:
    side = load_region("euregio-meuse-rhine").side("nl")
    assert (side.nuts3, side.partial) == (("NL423",), ("NL422",))


def test_a_label_falls_back_to_english() -> None:
    region = load_region("pyrenees")
    assert (region.name("es"), region.name("nl"), region.side("fr").name("fr")) == (
        "Pirineos",
        "Pyrenees",
        "côté français",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sure: 1.0", "sure: 2", r"pyrenees.yaml line \d+, field sure: .*found 2"),
        ("country: FR", "country: France", r"field sides\.0\.country"),
        ("[FRI15, FRJ15", "[FRI1, FRJ15", r"field sides\.0\.nuts3: 'FRI1' is not a NUTS level 3 code"),
        ("[FRI15, FRJ15", "[FRI15, FRI15", r"NUTS code named twice: FRI15"),
        ("- {id: es", "- {id: fr", r"side named twice: fr"),
        ("- {id: es", "- {id: whole", r"'whole' is not a name"),
        ("title: {en: Pyrenees, ", "title: {", r"field title: the English text `en` is missing"),
        ("id: pyrenees", "id: alps", r"the id is not the file's name; found alps; expected pyrenees"),
        ("nuts_version: 2021", "nuts_version: 2021\ncolour: red", r"field colour"),
        ("sides:", "sides: [", r"this is not YAML"),
    ],
)
def test_a_wrong_region_is_refused_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    (tmp_path / "pyrenees.yaml").write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DeclarationError, match=message):
        load_region("pyrenees", tmp_path)


def test_an_unknown_region_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DeclarationError, match=r"no such region; found \.\./x; expected euregio-meuse-rhine"):
        load_region("../x")


@pytest.mark.real
@pytest.mark.skipif(not NUTS.is_file(), reason=f"no real file {NUTS.name}")
def test_every_member_is_a_region_of_nuts_2024() -> None:
    known = {feature["properties"]["NUTS_ID"] for feature in json.loads(NUTS.read_bytes())["features"]}
    for region in load_regions().values():
        for side in region.sides:
            assert {*side.nuts3, *side.partial} <= known
