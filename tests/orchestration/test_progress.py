"""What a run shows while it works: moving lines on a terminal, plain ones elsewhere."""

from __future__ import annotations

import io
import time

import pytest

from euregio.orchestration import progress
from euregio.orchestration.progress import AtWork, Progress


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(progress.time, "time", lambda: now)


def test_elsewhere_only_plain_lines_are_printed_and_a_long_silence_is_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    working = [AtWork("xx.charging__a", "harmonise", time.time() - 12), AtWork("xx.charging__b", "", time.time() - 3)]
    with Progress(is_terminal=False) as show:
        show("one ended")
        assert not show.due, "something was just said"
        show.at_work(working, 4)
        assert capsys.readouterr().out == "one ended\n"
        monkeypatch.setattr(progress, "_SILENT", 0.0)
        assert show.due
        show.at_work(working, 4)
    assert capsys.readouterr().out == "… at work: xx.charging__a harmonise 12 s; 5 wait\n"


def test_on_a_terminal_each_run_at_work_has_a_line_with_its_task_and_seconds_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from rich.console import Console

    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=9, highlight=False)
    with monkeypatch.context() as patch:
        patch.setattr("rich.console.Console", lambda **_: console)
        show = Progress(is_terminal=True).__enter__()
    try:
        show.at_work([AtWork(f"xx.charging__{n}", "check", time.time() - 7) for n in range(5)], 2)
        show("[one] ended")
        shown = Console(width=80)
        with shown.capture() as drawn:
            shown.print(show._drawn())
    finally:
        show.__exit__()
    lines = drawn.get().splitlines()
    assert len(lines) == 4, "no more than the terminal has room for"
    assert lines[0].split()[-4:] == ["xx.charging__0", "check", "7", "s"]
    assert "4 more wait" in lines[-1]
    assert "[one] ended" in out.getvalue(), "a line is text, not markup"
