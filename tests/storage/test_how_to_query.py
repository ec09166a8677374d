"""The snippets of docs/how-to/query.md do what they say, against a small layer."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.release.rows import dataset, origin, point, rows_file, settings_in

from euregio.release.write import release
from euregio.storage.duck import connect, load_extension
from euregio.storage.layer import open_layer

TEXT = (Path(__file__).resolve().parents[2] / "docs/how-to/query.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_snippet_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    with open_layer(settings, read_only=False) as con:
        done = release(con, dataset(), [rows_file(tmp_path / "rows", [point(1), point(2)])], origin())
    plain = connect(settings)
    for name in ("ducklake", "sqlite_scanner", "spatial"):
        load_extension(plain, name)
    answers = []
    for snippet in snippets("sql"):
        for statement in filter(str.strip, snippet.split(";")):
            statement = statement.replace("sqlite:catalogue.sqlite", settings.layer_catalogue).replace(
                "VERSION => 2", f"VERSION => {done.snapshot_id}"
            )
            answers.append(plain.execute(statement).fetchall())
    assert [("XX", 2, 44.0)] in answers
    assert [(2,)] in answers
    assert any(("point_id" in dict(rows)) for rows in answers if rows and len(rows[0]) == 2)
    monkeypatch.setenv("EUREGIO_HOME", str(tmp_path))
    for name in ("EUREGIO_LAYER_CATALOGUE", "EUREGIO_LAYER_DATA"):
        monkeypatch.delenv(name, raising=False)
    (python,) = snippets("python")
    found: dict[str, object] = {}
    exec(python, found)
    assert len(found["frame"]) == found["table"].height == found["arrow"].num_rows == 2  # type: ignore[arg-type,attr-defined]
