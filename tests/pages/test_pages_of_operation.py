"""What the pages tell of a small real layer, and that they tell it also where much is missing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from operated_layer import HOSTILE, NAME

PATHS = ("/datasets", f"/datasets/{NAME}", f"/datasets/{NAME}/runs/run-2", "/layer", "/incidents", "/atlas/")


def rows(text: str) -> list[list[str]]:
    """Cells of all table rows as text."""
    cells = [
        re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL)
    ]
    return [[re.sub(r"<[^>]+>|\s+", " ", cell).strip() for cell in row] for row in cells]


def test_the_list_says_what_is_broken_first(world: Any) -> None:
    line = world.client().get("/api/datasets").json()["datasets"][0]
    assert (line["id"], line["state"], line["period"]) == (NAME, "failing", "2026-11-21")
    assert [one["incident_id"] for one in line["incidents"]] == [world.incident]
    assert line["counts"]["rows_in_count"] == 400
    assert [one["period"] for one in line["trend"]] == ["2026-11-20", "2026-11-21"]
    text = world.client().get("/datasets").text
    assert "1 of 1 datasets needs a look" in text
    assert 'aria-label="Of 400 rows' in text


def test_a_dataset_tells_its_quality_policy_and_way(world: Any) -> None:
    facts = world.client("user").get(f"/api/datasets/{NAME}").json()
    line = facts["line"]["counts"]
    assert line["rows_in_count"] == line["admitted_count"] + line["corrected_count"] + line["quarantined_count"]
    assert line["quarantined_count"] == 20
    assert sum(one["rows_count"] for one in facts["reasons"]) >= 20
    assert facts["kept"][0]["rows"], "the dataset is open, so rows may be shown"
    assert all(facts["kept"][0]["records"].values())
    (correction,) = facts["corrections"]
    assert (correction["field"], correction["rows_count"], correction["was"][0]) == ("power_kw", 40, "0")
    assert facts["tables"][0]["crossing"]
    assert not facts["tables"][0]["barrier"]
    columns = {node["column"] for node in facts["lineage"]["nodes"]}
    assert {0, 1, 2, 3} <= columns
    known = {node["id"] for node in facts["lineage"]["nodes"]}
    assert all(end in known for edge in facts["lineage"]["edges"] for end in edge)
    assert len(facts["releases"]) == 2


def test_the_report_of_a_run_says_what_came_and_what_changed(world: Any) -> None:
    report = world.client().get(f"/api/datasets/{NAME}/runs/run-2").json()
    assert (report["period"], report["replaced"], report["releases"][0]["rows_in_count"]) == ("2026-11-21", False, 400)
    change = next(one for one in report["changes"] if one["table"] == "recharging_point")
    # 20 points went, 20 came, every twentieth of both is kept back
    assert (change["before_period"], change["added_count"], change["gone_count"]) == ("2026-11-20", 19, 19)
    assert change["changed_count"] == 0
    assert report["landed"][0]["size_bytes"] > 1000
    first = world.client().get(f"/api/datasets/{NAME}/runs/run-1").json()
    assert all(one["why_not"] == "It is the first release." for one in first["changes"])


def test_the_layer_tells_its_tables_and_who_wrote(world: Any) -> None:
    facts = world.client().get("/api/layer").json()
    points = next(one for one in facts["tables"] if one["place"] == "core.recharging_point")
    assert points["rows_count"] == 760
    assert [one["run_id"] for one in facts["snapshots"] if one["run_id"]] == ["run-2", "run-1"]
    assert "core.recharging_point" in facts["snapshots"][0]["tables"]
    assert facts["writers"][0]["writer"] == NAME


def test_an_incident_tells_what_happened_and_whom_to_write(world: Any) -> None:
    facts = world.client().get(f"/api/incidents/{world.incident}").json()
    assert facts["held"]["gates"] == ["volume"]
    assert facts["held"]["released_by"] is None
    assert facts["degrades"]
    assert facts["language"] == "fr"
    letter = world.client().get(f"/api/incidents/{world.incident}/letter?language=de").json()
    assert "nicht verwendbar" in letter["text"]
    assert world.client().get(f"/api/incidents/{world.incident}/letter?language=xx").status_code == 404


@pytest.mark.parametrize("path", [*PATHS, "/incidents/{incident}?language=en"])
def test_texts_of_publishers_that_are_markup_stay_text(world: Any, path: str) -> None:
    answer = world.client("admin").get(path.format(incident=world.incident))
    assert answer.status_code == 200
    body = re.sub(r"<script>// Within.*?</script>", "", answer.text, flags=re.DOTALL)
    assert "<script" not in body.lower()
    assert "<img" not in body
    assert "<b>credit" not in body
    assert 'href="javascript' not in body
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r'(?:src|srcset|action|data|poster)="(?!/|")', body), "nothing is fetched from elsewhere"
    if path.startswith(("/datasets", "/incidents/")):
        assert HOSTILE.replace("<", "&lt;").replace(">", "&gt;") in body


@pytest.mark.parametrize("path", PATHS)
def test_where_nothing_has_run_the_pages_say_what_to_do(empty: Any, path: str) -> None:
    answer = empty.client().get(path)
    if "runs" in path:
        assert answer.status_code == 404
        return
    assert answer.status_code == 200
    if path not in ("/incidents", "/atlas/"):
        assert "make run" in answer.text


def test_a_broken_journal_or_layer_is_a_sentence_not_an_error(empty: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("EUREGIO_JOURNAL", "nothing:such")
    broken = tmp_path / "layer" / "catalogue.sqlite"
    broken.parent.mkdir()
    broken.write_bytes(b"no database")
    for path in ("/datasets", f"/datasets/{NAME}", "/layer", "/incidents"):
        answer = empty.client().get(path)
        assert answer.status_code == 200, path
        assert 'class="notice"' in answer.text
        assert str(tmp_path) not in answer.text, "a path of the installation is for the log"


@pytest.mark.parametrize(
    "path",
    ["/datasets/fr.none__such", "/datasets/watch", "/incidents/000000000000", "/none", f"/datasets/{NAME}/runs/none"],
)
def test_what_is_not_there_is_said_on_a_page_of_ours(world: Any, path: str) -> None:
    page = world.client().get(path)
    assert (page.status_code, "Nothing is here" in page.text) == (404, True)
    assert world.client().get(f"/api{path}").json()["detail"]


def test_every_picture_has_words_and_every_form_a_label(world: Any) -> None:
    for path in (*PATHS, f"/incidents/{world.incident}"):
        text = world.client("admin").get(path).text
        for picture in re.findall(r"<svg[^>]*>", text):
            assert "aria-label=" in picture or "aria-hidden" in picture, picture
        for field in re.findall(r'<textarea id="(\w+)"', text):
            assert f'<label for="{field}"' in text


def test_the_numbers_on_the_page_are_those_of_the_json(world: Any) -> None:
    report = world.client().get(f"/api/datasets/{NAME}/runs/run-2").json()["releases"][0]
    cells = next(
        row
        for row in rows(world.client().get(f"/datasets/{NAME}/runs/run-2").text)
        if row and row[0] == "recharging_point"
    )
    shown = [int(cell.replace("\u202f", "")) for cell in cells if cell.replace("\u202f", "").isdigit()]
    assert shown == [
        report[f"{name}_count"] for name in ("rows_in", "admitted", "corrected", "quarantined", "withheld", "released")
    ]
