"""The JSON of the pages keeps to its description, whatever is asked of it."""

from __future__ import annotations

from typing import Any

import pytest


def test_every_answer_is_described_and_the_description_is_behind_the_log_in(world: Any) -> None:
    assert world.client(logged_in=False).get("/api/openapi.json").status_code == 401
    spec = world.client().get("/api/openapi.json").json()
    assert spec["openapi"].startswith("3.")
    assert len(spec["paths"]) == 8
    for path, methods in spec["paths"].items():
        for method, one in methods.items():
            good = next(answer for status, answer in one["responses"].items() if status.startswith("2"))
            assert good["content"]["application/json"]["schema"].get("$ref"), f"{method} {path} has no model"
            assert one["summary"]
            assert {"401", "403", "404"} <= set(one["responses"])
            assert one["security"]


@pytest.mark.timeout(240)
def test_no_question_ends_in_a_server_error(world: Any) -> None:
    schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed (requirements-dev.lock)")
    hypothesis = pytest.importorskip("hypothesis")
    client = world.client("admin")
    spec = client.get("/api/openapi.json").json()
    schema = schemathesis.openapi.from_dict(spec)
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(
            max_examples=12 if "{" in operation.path else 1, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(hypothesis.HealthCheck), phases=[hypothesis.Phase.generate],
        )  # fmt: skip
        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            kwargs = case.as_transport_kwargs(base_url="http://testserver")
            kwargs.pop("cookies", None)
            answer = client.request(**{name: value for name, value in kwargs.items() if name != "verify"})
            assert answer.status_code < 500 or answer.status_code == 503, (answer.status_code, kwargs, answer.text)
            assert answer.status_code != 503, answer.text

        ask()
    assert asked > 40
    # the same with the names of what is there, so that more than refusals is asked
    for path in (
        "/api/incidents/{}/letter?language=%00%00",
        "/api/incidents/{}/letter?language=../",
        "/api/incidents/%00{}",
    ):
        assert client.get(path.format(world.incident)).status_code in (404, 422)
    for body in (
        "{",
        "[]",
        "null",
        '{"batch": 1}',
        '{"gates": {"a": 1}}',
        '{"batch": "\\ud800", "gates": ["volume"], "reason": "\\ud800\\ud800\\ud800x"}',
    ):
        answer = client.post(
            f"/api/incidents/{world.incident}/acceptance", content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, body
