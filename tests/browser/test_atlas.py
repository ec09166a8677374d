"""The atlas in a real browser: it opens by itself, answers mouse and keyboard, fits a phone, and can be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
pytestmark = pytest.mark.integration


@pytest.fixture
def heard() -> list[str]:
    """What a page complained of, and every address that it asked for besides the atlas's own files."""
    return []


@pytest.fixture
def page(chromium: Any, atlas: Path, heard: list[str]) -> Iterator[Any]:
    """The region `pair`, opened from disk on a wide screen. Whatever it complains of fails the test."""
    yield from opened(chromium, atlas, heard)


def opened(chromium: Any, atlas: Path, heard: list[str], name: str = "index", **options: Any) -> Iterator[Any]:
    context = chromium.new_context(**{"viewport": {"width": 1600, "height": 900}, **options})
    page = context.new_page()
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith((atlas.as_uri(), "data:")) else heard.append(f"request: {request.url}")
        ),
    )
    page.goto((atlas / f"{name}.html").as_uri())
    yield page
    context.close()
    assert heard == []


def test_it_opens_with_the_region_its_sides_and_a_sentence(page: Any) -> None:
    assert page.title() == "Pair & Co <i> · Euregio atlas"
    assert page.locator("h1").inner_text() == "Pair & Co <i>"
    assert page.locator(".sides li").count() == 2
    assert "times as" in page.locator(".lead").inner_text()
    assert page.locator(".land").bounding_box()["y"] < 300


def test_names_that_are_markup_stay_text(page: Any) -> None:
    assert page.locator("img, main b, main i").count() == 0
    assert "<b onclick" in page.locator("#notes").inner_text()
    assert page.evaluate("document.title").startswith("Pair")


def test_the_policy_stops_what_is_not_the_page_s_own(page: Any, heard: list[str]) -> None:
    failed: list[str | None] = []
    page.on("requestfailed", lambda request: failed.append(request.failure))
    ran = page.evaluate(
        """() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s);
                   const i = new Image(); i.src = 'https://example.org/x.png'; document.body.append(i); return window.ran ?? null; }"""
    )
    page.wait_for_timeout(200)
    assert ran is None
    assert failed == ["csp"]
    assert sum("violates the following Content Security Policy" in line for line in heard) == 2
    heard.clear()


def test_another_region_is_one_link_away(page: Any) -> None:
    page.get_by_role("link", name="Silent").click()
    assert page.locator("h1").inner_text() == "Silent"
    assert page.locator("nav a[aria-current=page]").inner_text() == "Silent"
    assert "nothing can be told" in page.locator(".heading").inner_text()


def test_hovering_a_region_tells_its_name_and_value(page: Any) -> None:
    page.locator("path[data-code=BB002]").hover()
    told = page.locator(".told").inner_text()
    assert "North & East, B side" in told
    assert "Points per 100 km²:" in told
    page.get_by_role("radio", name="Points ≥ 150 kW per 100 km²").check()
    page.mouse.move(0, 0)
    page.locator("path[data-code=BB002]").hover()
    assert "Points ≥ 150 kW per 100 km²:" in page.locator(".told").inner_text()


def test_another_measure_colours_the_regions_and_changes_the_legend(page: Any) -> None:
    def fills() -> list[str]:
        return [
            page.locator(f"path[data-code={code}]").evaluate("e => getComputedStyle(e).fill")
            for code in ("AA001", "BB001", "BB002")
        ]

    page.get_by_role("radio", name="Points per 100 km²", exact=True).check()
    before = fills()
    assert page.locator(".amounts:visible").count() == 1
    page.get_by_role("radio", name="Share of points ≥ 50 kW").check()
    assert fills() != before
    assert page.locator(".amounts-fast_share").is_visible()
    # Two points are too few for a share: hatched.
    assert "url" in fills()[2]


def test_marks_of_a_power_can_be_put_away(page: Any) -> None:
    marks = page.locator(".land .mark.power-slow").first
    assert marks.evaluate("e => getComputedStyle(e).display") != "none"
    page.locator("#power-slow").uncheck()
    assert marks.evaluate("e => getComputedStyle(e).display") == "none"


def test_why_this_number_opens_its_trace(page: Any) -> None:
    card = page.locator("#point_density")
    assert not card.locator(".trace").is_visible()
    card.get_by_text("Why this number").click()
    trace = card.locator(".trace")
    assert trace.is_visible()
    text = trace.inner_text()
    for part in (
        "Regulation (EU) 2023/1804",
        "aa.points",
        "CC-BY-4.0",
        "What is not comparable",
        "euregio explain point_density pair",
    ):
        assert part in text
    card.get_by_text("Table", exact=False).first.click()
    assert card.locator("table").last.is_visible()


def test_values_can_be_saved_as_csv(page: Any, tmp_path: Path) -> None:
    with page.expect_download() as waiting:
        page.locator("#point_density").get_by_role("link", name="Download").click()
    waiting.value.save_as(tmp_path / "values.csv")
    text = (tmp_path / "values.csv").read_text(encoding="utf-8-sig")
    assert text.startswith("indicator_id,")
    assert "point_density,1.0.0,pair,a,side" in text


def test_the_keyboard_alone_goes_everywhere(page: Any) -> None:
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "() => { const e = document.activeElement; return (e.dataset?.code ?? e.id ?? '') + '|' + e.tagName + '|' + e.textContent.trim().slice(0, 15) }"
            )
        )
    assert reached[0].endswith("Skip to the reg")
    assert any(one.startswith("AA001|path") for one in reached), "the map is one stop"
    assert not any(one.startswith("BB001|path") for one in reached), "and one stop only"
    assert any("measure-" in one for one in reached)
    assert any("|SUMMARY|Why this number" in one for one in reached)


def test_arrow_keys_go_from_region_to_region_and_enter_opens_a_trace(page: Any) -> None:
    page.locator("path[data-code=AA001]").focus()
    page.keyboard.press("ArrowRight")
    code = page.evaluate("document.activeElement.dataset.code")
    assert code in ("BB001", "BB002")
    assert "B side" in page.locator(".told").inner_text()
    page.locator("#point_density summary").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#point_density .trace").is_visible()


def test_the_map_zooms_and_comes_back(page: Any) -> None:
    whole = page.locator(".land").get_attribute("viewBox")
    page.get_by_role("button", name="Zoom in").click()
    assert page.locator(".land").get_attribute("viewBox") != whole
    page.get_by_role("button", name="Show all").click()
    assert page.locator(".land").get_attribute("viewBox") == whole


def test_on_a_phone_a_card_shows_its_first_chart_and_the_rest_is_a_tap_away(
    chromium: Any, atlas: Path, heard: list[str]
) -> None:
    for page in opened(chromium, atlas, heard, viewport={"width": 390, "height": 844}):
        charts = page.locator("#fast_share .chart")
        assert charts.count() == 2
        assert [chart.is_visible() for chart in charts.all()] == [True, False]
        note = page.locator(".note").first
        assert note.get_by_text("Licence").is_visible()
        assert note.locator(".verdicts").is_hidden()
        page.locator("#fast_share .rest > summary").click()
        assert charts.nth(1).is_visible()
        page.set_viewport_size({"width": 1200, "height": 800})
        assert note.locator(".verdicts").is_visible()


def test_on_a_wide_screen_and_without_script_nothing_of_a_card_is_folded(
    chromium: Any, atlas: Path, heard: list[str], page: Any
) -> None:
    assert page.locator("#fast_share .chart").nth(1).is_visible()
    assert page.locator(".rest > summary").first.is_hidden()
    for plain in opened(chromium, atlas, heard, java_script_enabled=False, viewport={"width": 390, "height": 844}):
        assert plain.locator("#fast_share .chart").nth(1).is_visible()


@pytest.mark.parametrize("width", [320, 360, 800, 1600])
@pytest.mark.parametrize("name", ["pair", "silent", "nowhere"])
def test_nothing_runs_off_the_page_even_with_everything_open(
    chromium: Any, atlas: Path, heard: list[str], name: str, width: int
) -> None:
    for page in opened(chromium, atlas, heard, name, viewport={"width": width, "height": 800}):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pair", "silent"])
def test_every_text_stands_out_from_its_ground(
    chromium: Any, atlas: Path, heard: list[str], name: str, scheme: str
) -> None:
    for page in opened(chromium, atlas, heard, name, color_scheme=scheme):
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        result = page.evaluate((HERE / "contrast.js").read_text(encoding="utf-8"))
        assert result["seen"] > 200
        assert result["found"] == []


def test_names_on_the_map_do_not_overlap(chromium: Any, atlas: Path, heard: list[str]) -> None:
    for page in opened(chromium, atlas, heard, viewport={"width": 360, "height": 800}):
        boxes = [box.bounding_box() for box in page.locator(".names > text").all() if box.is_visible()]
        assert len(boxes) == 2
        a, b = boxes
        apart = (
            a["x"] + a["width"] <= b["x"]
            or b["x"] + b["width"] <= a["x"]
            or a["y"] + a["height"] <= b["y"]
            or b["y"] + b["height"] <= a["y"]
        )
        assert apart


def test_it_can_be_read_without_script(chromium: Any, atlas: Path, heard: list[str]) -> None:
    for page in opened(chromium, atlas, heard, java_script_enabled=False):
        assert page.locator("h1").inner_text() == "Pair & Co <i>"
        assert page.locator(".land").is_visible()
        assert page.locator(".zoom").is_hidden()
        page.locator("#point_density summary").first.click()
        assert page.locator("#point_density .trace").is_visible()


def test_on_paper_controls_are_gone_and_numbers_stay(page: Any) -> None:
    page.emulate_media(media="print")
    assert page.locator(".zoom").is_hidden()
    assert page.locator(".more").first.is_hidden()
    assert page.locator(".land").is_visible()
    assert page.locator(".chart").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_first_paint_needs_no_wait(page: Any) -> None:
    assert page.evaluate("performance.getEntriesByType('resource').length") == 0
