"""A use case without data: it writes down what was asked."""

from __future__ import annotations

from pathlib import Path

from euregio.pipeline import note


def compute(use_case: str, period: str, *, run_id: str) -> dict:
    note("compute", use_case=use_case, period=period, run_id=run_id)
    return {"use_case": use_case, "period": period, "values": 1}


def check_indicators(use_case: str, summary: dict) -> dict:
    note("check_indicators", use_case=use_case, period=summary["period"])
    return summary


def publish(use_case: str, summaries: list[dict]) -> Path:
    note("publish", use_case=use_case, periods=[summary["period"] for summary in summaries])
    return Path("atlas.html")
