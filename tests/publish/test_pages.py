"""The written pages: whole, self-contained, safe against what publishers write, honest about what is not known."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from atlas_world import regions

from euregio.indicators.registry import load_indicators
from euregio.publish.atlas.gather import stored_values
from euregio.publish.atlas.headline import weightiest
from euregio.publish.atlas.layout import load_layout
from euregio.publish.atlas.map_view import MEASURES
from euregio.publish.atlas.page import write_atlas
from euregio.publish.atlas.render import GENERATOR
from euregio.publish.atlas.values_of import Told


class Page(HTMLParser):
    """Tags with their attributes, and the text of each element kind."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)


def read(atlas: Path, name: str = "pair") -> str:
    return (atlas / f"{name}.html").read_text(encoding="utf-8")


def test_every_region_and_language_has_a_page_and_the_most_told_region_is_the_index(atlas: Path) -> None:
    names = {"pair", "silent", "nowhere", "pair.xx", "silent.xx", "nowhere.xx", "index", "index.xx"}
    assert {path.name for path in atlas.iterdir()} == {f"{name}.html" for name in names}
    assert read(atlas, "index") == read(atlas, "pair")


def test_a_page_names_no_address_outside_the_atlas(atlas: Path) -> None:
    for path in atlas.glob("*.html"):
        for tag, attributes in Page(path.read_text(encoding="utf-8")).tags:
            for name in ("src", "href", "srcset", "action", "data", "poster"):
                target = attributes.get(name)
                if target:
                    assert target.startswith(("data:", "#")) or (atlas / target).is_file(), (
                        f"{path.name}: {tag} {name}={target[:80]}"
                    )
        assert not re.search(r"@import|url\((?!#)", path.read_text(encoding="utf-8"))


def test_a_page_stays_small_and_its_policy_knows_its_style_and_script(atlas: Path) -> None:
    for path in atlas.glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert len(text.encode()) < 2_000_000
        page = Page(text)
        policy = next(
            a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"
        )
        assert policy
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
        script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)
        for found in (style, script):
            assert found
            digest = base64.b64encode(hashlib.sha256(found.group(1).encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy


def test_hostile_names_stay_text(atlas: Path) -> None:
    for name in ("pair", "silent"):
        page = Page(read(atlas, name))
        tags = [tag for tag, _ in page.tags]
        assert tags.count("script") == 2
        assert not {"img", "b", "i"} & set(tags)
        assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on") or a == "style"]
    assert "&lt;b onclick=" in read(atlas)
    assert "Pair &amp; Co &lt;i&gt;" in read(atlas)
    # A licence's address is shown, never a link: it may be any scheme.
    assert "javascript:alert(1)" in "".join(Page(read(atlas)).texts["span"])


def test_the_map_s_texts_are_json_that_cannot_end_its_element(atlas: Path) -> None:
    found = re.search(r'<script type="application/json" id="map-texts">(.*?)</script>', read(atlas), re.DOTALL)
    assert found
    texts = json.loads(found.group(1))
    assert texts["BB001"]["name"] == "South </script><script>document.title='broken'</script>"
    assert "<" not in found.group(1)


def test_every_area_has_a_text_and_neighbours_are_drawn_quietly(atlas: Path) -> None:
    page = Page(read(atlas))
    areas = [a for t, a in page.tags if t == "path" and "area" in (a.get("class") or "").split()]
    assert {a["data-code"] for a in areas} == {"AA001", "BB001", "BB002"}
    assert all(a["aria-label"] for a in areas)
    assert [a["tabindex"] for a in areas] == ["0", "-1", "-1"]
    classes = [a.get("class") for t, a in page.tags if t == "path"]
    assert classes.count("context") == 1
    assert classes.count("border") >= 1


def test_the_map_counts_what_the_indicators_count(atlas: Path, layer: duckdb.DuckDBPyConnection) -> None:
    found = re.search(r'id="map-texts">(.*?)</script>', read(atlas), re.DOTALL)
    assert found
    # Of 29 points of the A side one is private and one is planned; three of the others state no power.
    assert json.loads(found.group(1))["AA001"]["counts"].startswith("27 recharging points")
    assert "24 with a known power" in json.loads(found.group(1))["AA001"]["counts"]
    value = layer.execute(
        "SELECT n FROM indicators.value WHERE indicator_id = 'point_density' AND region_id = 'pair' AND side_id = 'a'"
    ).fetchone()
    assert value == (27,)
    power = layer.execute(
        "SELECT value FROM indicators.value WHERE indicator_id = 'power_density' AND region_id = 'pair' AND side_id = 'a'"
    ).fetchone()
    assert power is not None
    said = re.search(r"\(kW\): ([0-9,.]+)", json.dumps(json.loads(found.group(1))["AA001"], ensure_ascii=False))
    assert said, "the A side is one region"
    assert float(said[1].replace(",", "").rstrip(".")) == pytest.approx(power[0], rel=0.005)


def test_the_map_shows_at_first_what_the_first_sentence_tells(atlas: Path, layer: duckdb.DuckDBPyConnection) -> None:
    region = regions()["pair"]
    values = [one for one in stored_values(layer) if one.region_id == region.id]
    told = [
        Told(indicator, region, tuple(one for one in values if one.indicator_id == name))
        for name, indicator in load_indicators("charging").items()
    ]
    found = weightiest(told, load_layout())
    assert found is not None
    telling = [one.id for one in MEASURES if found[0].indicator.id in one.tells]
    (checked,) = re.findall(r'value="(\w+)" checked', (atlas / "pair.html").read_text())
    assert checked == (telling or [MEASURES[0].id])[0]


def test_a_side_without_data_is_hatched_and_said_in_words(atlas: Path) -> None:
    text = read(atlas, "silent")
    page = Page(text)
    areas = {a["data-code"]: (a.get("class") or "") for t, a in page.tags if t == "path" and "data-code" in a}
    assert "m-density-n" in areas["DD001"]
    assert "m-density-n" not in areas["BB001"]
    assert "D side: nothing can be told, because no dataset of recharging points of DD is released." in text
    assert "No difference between the sides can be told yet" in text
    assert "B side has" in text


def test_a_region_without_polygons_says_that_there_is_no_map(atlas: Path) -> None:
    text = read(atlas, "nowhere")
    assert "There is no map" in text
    assert "the layer has no polygon of NUTS 3 region XX001" in text
    assert "No difference between the sides can be told yet" in text


def test_every_chart_has_an_alternative_text_and_a_table(atlas: Path) -> None:
    for name in ("pair", "silent"):
        text = read(atlas, name)
        cards = re.findall(r'<article class="card[^"]*" id="[^"]+">.*?</article>', text, re.DOTALL)
        assert len(cards) > 10
        for card in cards:
            assert "<table>" in card
            assert "data:text/csv" in card
            for chart in re.findall(r'<div class="chart"[^>]*>', card):
                assert re.search(r'role="img" aria-label="[^"]{20,}"', chart)


def test_simulated_data_are_marked(atlas: Path, layer: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert "simulated" in "".join(Page(read(atlas)).texts["p"])
    real = write_atlas(layer, tmp_path, regions=regions(), is_sandbox=False)
    assert "These data are simulated" not in real.read_text(encoding="utf-8")


def test_a_language_is_a_file_and_what_it_lacks_is_english(atlas: Path) -> None:
    text = read(atlas, "pair.xx")
    assert '<html lang="xx">' in text
    assert "Warum diese Zahl" in text
    assert "Data notes" in text
    assert 'href="pair.xx.html"' in read(atlas)


def test_an_empty_layer_gives_pages_that_say_so(empty_layer: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_atlas(empty_layer, tmp_path / "atlas", regions=regions(), is_sandbox=False)
    text = path.read_text(encoding="utf-8")
    assert "No indicator has been computed for this region yet" in text
    assert "There is no map" in text


def test_writing_again_changes_nothing_and_removes_pages_of_regions_that_are_gone(
    layer: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    write_atlas(layer, tmp_path, regions=regions(), is_sandbox=True)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "gone.html").write_text(f"<!doctype html><head>{GENERATOR}")
    (tmp_path / "own.html").write_text("<!doctype html><p>somebody's own")
    write_atlas(layer, tmp_path, regions=regions(), is_sandbox=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "own.html"} == before
    assert (tmp_path / "own.html").is_file()


def test_a_write_that_fails_leaves_the_page_that_was_there(
    layer: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atlas(layer, tmp_path, regions=regions(), is_sandbox=True)
    before = (tmp_path / "index.html").read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="no space"):
        write_atlas(layer, tmp_path, regions=regions(), is_sandbox=False)
    assert (tmp_path / "index.html").read_bytes() == before
    assert not list(tmp_path.glob(".*"))
