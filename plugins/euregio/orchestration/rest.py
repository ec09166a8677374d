"""What a run asks of Airflow over its REST API."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Any

import httpx

from euregio.orchestration.installation import USER, Installation, OrchestrationError

_ATTEMPTS = 6


class Airflow:
    """Airflow's REST API as the user `admin`. Methods raise OrchestrationError with Airflow's own words."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._client = httpx.Client(base_url=f"{installation.address}/api/v2", timeout=20, trust_env=False)

    def healthy(self, *components: str) -> bool:
        """Whether the API answers and the components (`scheduler`, `dag_processor`) beat."""
        try:
            answer = self._client.get("/monitor/health")
        except httpx.TransportError:
            return False
        return answer.is_success and all(
            (answer.json().get(name) or {}).get("status") == "healthy" for name in components
        )

    def log_in(self) -> None:
        """Take a token. Done once, when the API answers."""
        secret = {"username": USER, "password": self._installation.password}
        answer = self._client.post(f"{self._installation.address}/auth/token", json=secret)
        if not answer.is_success:
            raise OrchestrationError("Airflow refused the log-in", found=answer.status_code)
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dags(self) -> dict[str, dict[str, Any]]:
        """All DAGs by id."""
        return {dag["dag_id"]: dag for dag in self._pages("/dags", "dags", exclude_stale="true")}

    def import_errors(self) -> list[str]:
        """What is wrong with DAG files: file and last line of each error."""
        found = self._pages("/importErrors", "import_errors")
        return [f"{error['filename']}: {str(error['stack_trace']).strip().splitlines()[-1]}" for error in found]

    def put_pools(self, pools: dict[str, dict[str, Any]]) -> None:
        """Create or change pools."""
        entities = [{"name": name, **content} for name, content in pools.items()]
        self._ask("PATCH", "/pools", json={
            "actions": [{"action": "create", "entities": entities, "action_on_existence": "overwrite"}]
        })  # fmt: skip

    def pause(self, dag_id: str, paused: bool) -> None:
        """Hold a DAG (it runs nothing and hears no news), or let it run."""
        self._ask("PATCH", f"/dags/{dag_id}", json={"is_paused": paused})

    def trigger(self, dag_id: str, partition: str) -> str:
        """Start a run for a partition; gives its id, which is made here so that asking twice starts one run."""
        now = datetime.now(UTC)
        run_id = f"manual__{now.isoformat()}__{secrets.token_hex(4)}"
        body = {"dag_run_id": run_id, "logical_date": None, "partition_key": partition, "run_after": now.isoformat()}
        self._ask("POST", f"/dags/{dag_id}/dagRuns", json=body)
        return run_id

    def run_states(self, after: str) -> dict[tuple[str, str], dict[str, Any]]:
        """All runs due at or after the instant `after`, by DAG and run id."""
        found = self._pages("/dags/~/dagRuns", "dag_runs", run_after_gte=after)
        return {(run["dag_id"], run["dag_run_id"]): run for run in found}

    def last_run(self, dag_id: str) -> dict[str, Any] | None:
        """The newest run of a DAG."""
        found = self._ask("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 1, "order_by": "-run_after"})["dag_runs"]
        return found[0] if found else None

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Task instances of a run by task."""
        found = self._ask("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return {task["task_id"]: task for task in found}

    def running_tasks(self, after: str) -> dict[tuple[str, str], tuple[str, float]]:
        """Tasks at work now, by DAG and run: its name and since when (epoch, s). Of several at once the newest."""
        found = self._pages("/dags/~/dagRuns/~/taskInstances", "task_instances", state="running", run_after_gte=after)
        started = sorted((task for task in found if task["start_date"]), key=lambda task: str(task["start_date"]))
        return {
            (task["dag_id"], task["dag_run_id"]): (
                task["task_id"],
                datetime.fromisoformat(task["start_date"]).timestamp(),
            )
            for task in started
        }

    def result(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task handed on, or None."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        answer = self._client.get(path, params={"deserialize": "false", "stringify": "false"})
        return answer.json().get("value") if answer.is_success else None

    def error_of(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> str:
        """The line of a task's log that says why it failed."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{max(try_number, 1)}"
        answer = self._client.get(path, params={"full_content": "true"}, headers={"Accept": "application/json"})
        lines = answer.json().get("content", []) if answer.is_success else []
        return error_line([line for line in lines if isinstance(line, dict)])

    def _pages(self, path: str, name: str, **params: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            page = self._ask("GET", path, params={**params, "limit": 100, "offset": len(found)})
            found += page[name]
            if not page[name] or len(found) >= page["total_entries"]:
                return found

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Airflow's answer. Asks again where its SQLite metadata were locked by another of its processes."""
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._client.request(method, path, **arguments)
            except httpx.TransportError as error:
                if attempt + 1 < _ATTEMPTS:
                    time.sleep(0.5 * (attempt + 1))
                    continue
                raise OrchestrationError("Airflow does not answer", where=path, found=str(error)) from error
            if answer.is_success:
                return answer.json() if answer.content else None
            if attempt and method == "POST" and answer.status_code == 409:  # the first asking came through
                return None
            if answer.status_code < 500:
                break
            time.sleep(0.5 * (attempt + 1))
        raise OrchestrationError("Airflow refused", where=f"{method} {path}", found=answer.text, expected="success")


def error_line(entries: list[dict[str, Any]]) -> str:
    """From a task's log as Airflow gives it: the exception, else the last error, else a word that there is none."""
    for entry in reversed(entries):
        detail = entry.get("error_detail")
        if detail:
            last = detail[0] if isinstance(detail, list) else detail
            return f"{last.get('exc_type', 'Error')}: {last.get('exc_value', '')}".strip()
    for entry in reversed(entries):
        if entry.get("level") in ("error", "critical"):
            return str(entry.get("event", "")).strip()
    return "no error in its log; see the log of the scheduler"
