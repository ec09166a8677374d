"""Airflow's side of the pages: whom it knows, what they may, its runs and tasks, and a run that a person starts.

Only the API server imports this. What is read comes from Airflow's tables, filtered by its auth manager; a run is
started by Airflow's own REST route within this process, as the user of the request, so that its rules and its audit
log hold and the run carries the name that the log-in knows.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.configuration import conf as airflow_conf
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from fastapi import HTTPException, Request
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from euregio.declarations import datasets
from euregio.errors import EuregioError
from euregio.orchestration import rights, word
from euregio.orchestration.measuring import XCOM_KEY as MEASURED
from euregio.orchestration.partitions import EUROPE, Rhythm, key_of
from euregio.pages import resources
from euregio.pages.models import RunState, Step, Used
from euregio.pages.sources import Known

_LOG = logging.getLogger(__name__)
_RUNS = 30
#: Where Lazily notes Airflow's own application in a request.
PARENT = "euregio.airflow"
_STEPS = ("extract", "check", "harmonise", "release")


class AirflowSide:
    """What the pages ask of Airflow. A test puts another in its place."""

    def known(self, user: Any) -> Known:
        """What Airflow knows of all datasets that the user may read."""
        readable: set[str] = set()
        for team, ids in _by_team(dataset.id for dataset in datasets.load_datasets()).items():
            manager = get_auth_manager()
            readable |= manager.filter_authorized_dag_ids(dag_ids=ids, user=user, method="GET", team_name=team)
        looks, last = self._last_runs(readable)
        sees_rows = rights.has(get_auth_manager(), user, rights.KEPT_ROWS)
        return Known(datetime.now(UTC), cron_of, looks, last, frozenset(readable), sees_rows)

    def may_accept(self, user: Any, dag_id: str) -> bool:
        """Whether the user may let a held batch of the dataset through: the right to do so, and to start its runs."""
        return self.may(user, dag_id, "POST") and rights.has(get_auth_manager(), user, rights.ACCEPT)

    def may(self, user: Any, dag_id: str, method: Any) -> bool:
        """Whether the user may read (GET) or start (POST) runs of the DAG."""
        (team,) = _by_team([dag_id])
        details = DagDetails(id=dag_id, team_name=team)
        return bool(
            get_auth_manager().is_authorized_dag(
                method=method, access_entity=DagAccessEntity.RUN, details=details, user=user
            )
        )

    def runs(self, user: Any, dag_id: str) -> list[RunState]:
        """The last runs of a DAG, the latest first."""
        if not self.may(user, dag_id, "GET"):
            return []
        query = select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.run_after.desc()).limit(_RUNS)
        found = _asked(query)
        took = _took(dag_id, [one.run_id for one in found])
        return [_run(one).model_copy(update={"used": resources.of_steps(took.get(one.run_id, []))}) for one in found]

    def run(self, user: Any, dag_id: str, run_id: str) -> tuple[RunState | None, list[Step]]:
        """A run and its tasks in their order; nothing of them where Airflow has no record."""
        if not self.may(user, dag_id, "GET"):
            return None, []
        found = _asked(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return (_run(found[0]) if found else None), _took(dag_id, [run_id]).get(run_id, [])

    async def accept(self, request: Request, dag_id: str, partition: str, conf: dict[str, Any], person: str) -> str:
        """Start the run that releases a held batch, as the user of the request, through Airflow's REST route; gives its id.

        The word in `conf["accept"]` is sealed for this run and person. Raises HTTPException with Airflow's own answer
        where it refuses.
        """
        parent = request.scope.get(PARENT)
        if parent is None:
            raise HTTPException(503, "These pages are not served by Airflow's API server, so they can start no run.")
        now = datetime.now(UTC)
        run_id = f"manual__{now.isoformat()}__{secrets.token_hex(4)}"
        seal = word.sealed(conf["accept"], dataset=dag_id, period=conf["period"], run_id=run_id, person=person)
        conf = {**conf, "accept": seal}
        body = {
            "dag_run_id": run_id, "logical_date": None, "partition_key": partition, "run_after": now.isoformat(), "conf": conf,
            "note": "A held batch was accepted on the pages of Euregio.",
        }  # fmt: skip
        passed = {name: request.headers[name] for name in ("authorization", "cookie") if name in request.headers}
        transport = httpx.ASGITransport(app=parent, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=str(request.base_url), trust_env=False) as client:
            answer = await client.post(f"/api/v2/dags/{quote(dag_id, safe='')}/dagRuns", json=body, headers=passed)
        if not answer.is_success:
            try:
                said = answer.json().get("detail")
            except ValueError:
                said = None
            raise HTTPException(
                answer.status_code if answer.status_code < 500 else 502, said or "Airflow refused the run."
            )
        return str(answer.json()["dag_run_id"])

    def _last_runs(self, dag_ids: Iterable[str]) -> tuple[dict[str, datetime], dict[str, RunState]]:
        wanted = list(dag_ids)
        looks = _asked(
            select(DagRun.dag_id, func.max(DagRun.end_date)).where(DagRun.dag_id.in_(wanted), DagRun.state == "success").group_by(DagRun.dag_id),
            whole=True,
        )  # fmt: skip
        latest = (
            select(DagRun.dag_id, func.max(DagRun.id).label("id"))
            .where(DagRun.dag_id.in_(wanted))
            .group_by(DagRun.dag_id)
            .subquery()
        )
        last = _asked(select(DagRun).join(latest, DagRun.id == latest.c.id))
        return {dag_id: _utc(at) for dag_id, at in looks if at}, {one.dag_id: _run(one) for one in last}


def _by_team(dag_ids: Iterable[str]) -> dict[str | None, set[str]]:
    """DAGs by the team that owns them; None where Airflow has no teams."""
    ids = list(dag_ids)
    owned = DagModel.get_dag_id_to_team_name_mapping(ids)
    found: dict[str | None, set[str]] = {}
    for one in ids:
        found.setdefault(owned.get(one), set()).add(one)
    return found


def cron_of(rhythm: str) -> str:
    """The ticks (UTC) of a rhythm."""
    return Rhythm.of(rhythm).cron


def partition_of(dataset_id: str, period: str) -> str:
    """The partition's key of a dataset's period. Raises EuregioError where no such dataset is declared."""
    found = next((one for one in datasets.load_datasets() if one.id == dataset_id), None)
    if found is None:
        raise EuregioError("no such dataset", found=dataset_id)
    return key_of(found.country_code or EUROPE, period)


def only_our_own(request: Request) -> None:
    """Refuse (403) a change that another site's page asks for with this user's cookie.

    A token in the Authorization header is no ambient credential: no other site can send it. Browsers say where a
    request comes from (Sec-Fetch-Site); older ones name at least the origin of a POST.
    """
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    ours = {request.headers.get("host", ""), urlsplit(str(airflow_conf.get("api", "base_url", fallback=""))).netloc} - {
        ""
    }
    if site == "same-origin" or (site is None and origin and urlsplit(origin).netloc in ours):
        return
    raise HTTPException(403, "This change was asked for by a page that is not ours.")


def _asked(query: Any, *, whole: bool = False) -> list[Any]:
    """The rows of a query to Airflow's metadata; none, with a word in the log, where it cannot be asked."""
    try:
        with create_session() as session:
            found = session.execute(query).all() if whole else session.scalars(query).all()
            session.expunge_all()
            return list(found)
    except SQLAlchemyError:
        _LOG.exception("Airflow's metadata could not be asked")
        return []


def _run(one: Any) -> RunState:
    key, conf = one.partition_key, one.conf if isinstance(one.conf, dict) else {}
    return RunState(
        run_id=one.run_id, state=str(getattr(one.state, "value", one.state)),
        period=key.partition("|")[2] if key else (str(conf["period"])[:40] if conf.get("period") else None),
        started_at=_utc(one.start_date), ended_at=_utc(one.end_date), triggered_by=one.triggering_user_name,
    )  # fmt: skip


def _took(dag_id: str, run_ids: list[str]) -> dict[str, list[Step]]:
    """The tasks of runs in their order, with what they say that they took."""
    tasks = _asked(select(TaskInstance).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(run_ids)))
    tasks.sort(key=lambda one: (_STEPS.index(one.task_id) if one.task_id in _STEPS else 9, one.task_id))
    left = select(XComModel.run_id, XComModel.task_id, XComModel.value).where(
        XComModel.dag_id == dag_id, XComModel.run_id.in_(run_ids), XComModel.key == MEASURED
    )
    said = {(run_id, task_id): value for run_id, task_id, value in _asked(left, whole=True)}
    found: dict[str, list[Step]] = {}
    for one in tasks:
        found.setdefault(one.run_id, []).append(_step(one, said.get((one.run_id, one.task_id))))
    return found


def _step(one: Any, measured: Any) -> Step:
    state = getattr(one.state, "value", one.state)
    known = measured if isinstance(measured, dict) else {}
    took = {name: known[name] for name in Used.model_fields if isinstance(known.get(name), int | float)}
    return Step(
        task=one.task_id, state=str(state) if state else None, tries_count=one.try_number or 0, started_at=_utc(one.start_date),
        **{**took, "duration_s": one.duration},
    )  # fmt: skip


def _utc(at: datetime | None) -> Any:
    return at and (at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC))
