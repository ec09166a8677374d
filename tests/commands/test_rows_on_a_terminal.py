"""`euregio sql` on a terminal: a table that is too wide is shown row by row."""

from __future__ import annotations

import sys

import duckdb
import pytest

from euregio.commands.console import run_query

WIDE = "SELECT 'a' AS point_id, NULL AS power_kw, 'word ' || repeat('long ', 30) AS street_address FROM range(2)"


def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)


def test_a_table_wider_than_the_terminal_has_a_line_for_each_column(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow_terminal(monkeypatch)
    run_query(duckdb.connect(), WIDE)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60
    assert lines.count("point_id        a") == 2
    assert lines.count("power_kw        NULL") == 2
    assert sum(line.count("long") for line in lines) == 60, "no text is cut off"


def test_a_table_that_fits_stays_a_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    narrow_terminal(monkeypatch)
    run_query(duckdb.connect(), "SELECT 1 AS one, 2 AS two")
    assert "│  one  │" in capsys.readouterr().out


def test_what_goes_elsewhere_is_a_table_of_full_width(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    run_query(duckdb.connect(), WIDE)
    assert max(map(len, capsys.readouterr().out.splitlines())) > 150


def test_a_text_of_a_publisher_does_not_steer_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow_terminal(monkeypatch)
    run_query(duckdb.connect(), "SELECT repeat('x', 80) AS a, chr(27) || '[2J' AS b")
    assert "b  \\x1b[2J" in capsys.readouterr().out
