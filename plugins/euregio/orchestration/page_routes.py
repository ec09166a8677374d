"""The routes of the pages and of their JSON. Every one stands behind Airflow's log-in and its right to read DAGs."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, quote

import duckdb
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException as AnyHTTPException

from euregio import pages
from euregio.errors import DeclarationError, EuregioError
from euregio.orchestration.notices import INDICATORS
from euregio.orchestration.page_airflow import AirflowSide, only_our_own, partition_of
from euregio.pages import dataset as dataset_page
from euregio.pages import incidents as incident_pages
from euregio.pages import layer as layer_page
from euregio.pages import models, models_incident, overview, render
from euregio.pages import run as run_page
from euregio.pages.incidents import NotFound, Outdated
from euregio.settings import Settings

_LOG = logging.getLogger(__name__)
NAME = r"^[A-Za-z0-9_.~:+-]{1,250}$"
DagId = Annotated[
    str, Path(pattern=NAME, description="A dataset, <country>.<theme>__<publisher>; it is its DAG's id too")
]
RunId = Annotated[str, Path(pattern=NAME, description="A run, as Airflow or the layer names it")]
IncidentId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="An incident of the journal")]
Language = Annotated[
    str | None, Query(pattern=r"^[a-z]{2}$", description="Language of the letter; the publisher's where absent")
]
User = Annotated[Any, Depends(get_user)]


def _plain_path(request: Request, _user: User) -> None:
    """Refuse (404) what no name holds before Airflow asks its database for it: PostgreSQL fails on a zero byte."""
    if any(not str(value).isprintable() for value in request.path_params.values()):
        raise HTTPException(404, "The address is not one of ours.")


#: Stands on the application, so that no later route can be without it: Airflow adds none by itself.
BEHIND_THE_LOG_IN = [Depends(get_user), Depends(_plain_path), Depends(requires_access_dag("GET"))]
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
#: Of an answer that is no page: nothing in it is run, whatever a browser takes it for.
_NO_PAGE = "default-src 'none'; frame-ancestors 'none'; sandbox"
_NO_DATASET = (
    "This DAG computes indicators from the tables of many datasets. What they say is in the atlas; a run that failed is "
    "among the incidents, and its tasks in Airflow say why."
)
_FORM_BYTES = 16_384
_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": models_incident.Refusal, "description": "Not logged in"},
    403: {"model": models_incident.Refusal, "description": "This user may not"},
    404: {"model": models_incident.Refusal, "description": "Not there, or not for this user"},
    503: {"model": models_incident.Refusal, "description": "The layer or the journal is down"},
}
_CHANGES: dict[int | str, dict[str, Any]] = {
    **_REFUSALS,
    400: {"model": models_incident.Refusal, "description": "Airflow cannot start the run"},
    409: {"model": models_incident.Refusal, "description": "No longer as it was looked at"},
}


def json_routes(side: AirflowSide) -> APIRouter:
    """The facts of the pages as JSON."""
    api = APIRouter(prefix="/api", responses=_REFUSALS)

    @api.get("/datasets", summary="All datasets, the broken ones first", tags=["datasets"])
    def datasets(user: User) -> models.Overview:
        return overview.overview(side.known(user), Settings())

    @api.get("/datasets/{dag_id}", summary="One dataset", tags=["datasets"])
    def dataset(dag_id: DagId, user: User) -> models.DatasetFacts:
        return dataset_page.dataset(dag_id, side.known(user), side.runs(user, dag_id), Settings())

    @api.get("/datasets/{dag_id}/runs/{run_id}", summary="The report of a run", tags=["datasets"])
    def run(dag_id: DagId, run_id: RunId, user: User) -> models.RunReport:
        return run_page.run_report(dag_id, run_id, side.known(user), *side.run(user, dag_id, run_id), Settings())

    @api.get("/layer", summary="Tables, snapshots, writers", tags=["layer"])
    def layer(user: User) -> models.LayerFacts:
        return layer_page.layer_facts(side.known(user), Settings())

    @api.get("/incidents", summary="Open and closed incidents", tags=["incidents"])
    def incidents(user: User) -> models_incident.Incidents:
        return incident_pages.listed(side.known(user), Settings())

    @api.get("/incidents/{incident_id}", summary="One incident", tags=["incidents"])
    def incident(incident_id: IncidentId, user: User) -> models_incident.IncidentFacts:
        return incident_pages.incident(incident_id, side.known(user), Settings())

    @api.get("/incidents/{incident_id}/letter", summary="The letter to the publisher", tags=["incidents"])
    def letter(incident_id: IncidentId, user: User, language: Language = None) -> models_incident.Letter:
        return incident_pages.letter_of(incident_id, language, side.known(user), Settings())

    @api.post(
        "/incidents/{incident_id}/acceptance", summary="Let a held batch through", tags=["incidents"], status_code=201,
        responses=_CHANGES, dependencies=[Depends(only_our_own)],
    )  # fmt: skip
    async def accept(
        incident_id: IncidentId, order: models_incident.AcceptanceOrder, request: Request, user: User
    ) -> models_incident.AcceptanceRun:
        return await accepted(side, request, user, incident_id, order)

    @api.get("/openapi.json", include_in_schema=False)
    def openapi(request: Request) -> JSONResponse:
        return JSONResponse({**request.app.openapi(), "servers": [{"url": base_of(request) or "/"}]})

    return api


def html_routes(side: AirflowSide) -> APIRouter:
    """The pages."""
    html = APIRouter(include_in_schema=False)

    @html.get("/")
    def start(request: Request) -> Response:
        return RedirectResponse(f"{base_of(request)}/datasets", headers=HEADERS)

    @html.get("/datasets")
    def datasets(request: Request, user: User) -> Response:
        facts = overview.overview(side.known(user), Settings())
        return page(request, "datasets", facts=facts, trend_length=overview.TREND)

    @html.get("/datasets/{dag_id}")
    def dataset(dag_id: DagId, request: Request, user: User) -> Response:
        if dag_id.startswith(INDICATORS):  # the tab of its DAG and an alert about it lead here too
            return _no_dataset(request)
        facts = dataset_page.dataset(dag_id, side.known(user), side.runs(user, dag_id), Settings())
        return page(request, "dataset", facts=facts)

    @html.get("/datasets/{dag_id}/runs/{run_id}")
    def run(dag_id: DagId, run_id: RunId, request: Request, user: User) -> Response:
        if dag_id.startswith(INDICATORS):
            return _no_dataset(request)
        known, (state, steps) = side.known(user), side.run(user, dag_id, run_id)
        return page(request, "run", facts=run_page.run_report(dag_id, run_id, known, state, steps, Settings()))

    @html.get("/layer")
    def layer(request: Request, user: User) -> Response:
        return page(request, "layer", facts=layer_page.layer_facts(side.known(user), Settings()))

    @html.get("/incidents")
    def incidents(request: Request, user: User) -> Response:
        return page(request, "incidents", facts=incident_pages.listed(side.known(user), Settings()))

    @html.get("/incidents/{incident_id}")
    def incident(
        incident_id: IncidentId, request: Request, user: User, language: Language = None,
        started: Annotated[str | None, Query(pattern=NAME)] = None,
    ) -> Response:  # fmt: skip
        known, settings = side.known(user), Settings()
        facts = incident_pages.incident(incident_id, known, settings)
        letter = incident_pages.letter_of(incident_id, language, known, settings) if facts.languages else None
        may = bool(facts.held) and side.may_accept(user, facts.line.dataset)
        return page(
            request, "incident", facts=facts, letter=letter, may_accept=may, started=started, person=user.get_name()
        )

    @html.post("/incidents/{incident_id}/accept", dependencies=[Depends(only_our_own)])
    async def accept(incident_id: IncidentId, request: Request, user: User) -> Response:
        done = await accepted(side, request, user, incident_id, await _order(request))
        address = f"{base_of(request)}/incidents/{incident_id}?started={quote(done.run_id, safe='')}"
        return RedirectResponse(address, status_code=303, headers=HEADERS)

    return html


async def accepted(
    side: AirflowSide, request: Request, user: Any, incident_id: str, order: models_incident.AcceptanceOrder
) -> models_incident.AcceptanceRun:
    """Start the run that releases the held batch, with this user's word. The right to accept and the right to start runs
    of that DAG are asked here, where the incident names it; the latter once more by Airflow's route."""
    settings = Settings()
    one = await run_in_threadpool(lambda: incident_pages.found(incident_id, side.known(user), settings))
    if not await run_in_threadpool(side.may_accept, user, one.dataset):
        raise HTTPException(403, "You may not accept batches of this dataset: it is a steward's right.")
    conf = await run_in_threadpool(
        incident_pages.conf_of, one, order.batch, list(order.gates), order.reason, user.get_name(), settings
    )
    partition = partition_of(one.dataset, conf["period"])
    run_id = await side.accept(request, one.dataset, partition, conf, user.get_name())
    _LOG.info("%s: batch %s accepted, run %s", one.dataset, order.batch, run_id)
    return models_incident.AcceptanceRun(dataset=one.dataset, run_id=run_id, person=user.get_name())


async def _order(request: Request) -> models_incident.AcceptanceOrder:
    """The order of a form. Raises HTTPException for anything else."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "A form is expected.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _FORM_BYTES:
            raise HTTPException(413, "The form is too long.")
    try:
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError as error:
        raise HTTPException(422, "The form has too many fields.") from error
    try:
        return models_incident.AcceptanceOrder.model_validate(
            {
                "batch": given.get("batch", [""])[0],
                "gates": given.get("gates", []),
                "reason": given.get("reason", [""])[0].strip(),
            }
        )
    except ValidationError as error:
        fields = ", ".join(sorted({str(each["loc"][0]) for each in error.errors()}))
        raise HTTPException(
            422,
            f"Not accepted, because of: {fields}. A reason has 5 to 500 characters, and at least one gate is named.",
        ) from error


def page(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page as the answer, with its policy."""
    base = base_of(request)
    text, policy = render.render(name, base=base, airflow=base.removesuffix("/euregio"), **values)
    return HTMLResponse(text, status, {**HEADERS, "Content-Security-Policy": policy})


def _no_dataset(request: Request) -> HTMLResponse:
    """What is told of a DAG of indicators, whose page and runs have tabs of ours like all DAGs'."""
    return page(
        request, "message", title="Indicators, no dataset", text=_NO_DATASET, link=f"{base_of(request)}/atlas/",
        link_text="The atlas", link_airflow=False,
    )  # fmt: skip


def base_of(request: Request) -> str:
    """Where the pages are on this host, `/euregio`."""
    return str(request.scope.get("root_path", "")).rstrip("/")


async def bound(request: Request, answer: Any) -> Response:
    """Every answer with the headers that bind a browser; a page brings its own policy."""
    response: Response = await answer(request)
    for name, text in {**HEADERS, "Content-Security-Policy": _NO_PAGE}.items():
        response.headers.setdefault(name, text)
    return response


def said(request: Request, status: int, detail: Any, headers: Any = None) -> Response:
    """A refusal in the form of what was asked: JSON under /api, else a page."""
    base = base_of(request)
    path = request.url.path.removeprefix(base)
    if path.startswith("/api/"):
        return JSONResponse({"detail": detail}, status, {**HEADERS, **(headers or {})})
    title: dict[int, str] = {
        401: "Please log in",
        403: "You may not do this",
        404: "Nothing is here",
        503: "Not at the moment",
    }
    link = (
        (base.removesuffix("/euregio") + "/", "Log in to Airflow")
        if status == 401
        else (f"{base}/datasets", "All datasets")
    )
    words = detail if isinstance(detail, str) else "The address or the form is not one of ours."
    return page(
        request, "message", status, title=title.get(status, "This did not work"), text=words, link=link[0], link_text=link[1],
        link_airflow=status == 401,
    )  # fmt: skip


def handlers() -> dict[Any, Callable[[Request, Any], Any]]:
    """What becomes of errors: no request of a person ends in a bare 500."""

    async def refused(request: Request, error: Any) -> Response:
        return await run_in_threadpool(said, request, error.status_code, error.detail, error.headers)

    async def ours(request: Request, error: Any) -> Response:
        status: Literal[404, 409, 422, 503] = 503
        for kind, number in ((NotFound, 404), (Outdated, 409), (DeclarationError, 422)):
            if isinstance(error, kind):
                status = number  # type: ignore[assignment]
                break
        if status == 503:
            _LOG.warning("a page could not be given: %s", error)
        return await run_in_threadpool(said, request, status, _first_up(str(error)))

    async def invalid(request: Request, error: Any) -> Response:
        detail = [{"loc": list(each["loc"]), "msg": each["msg"], "type": each["type"]} for each in error.errors()]
        return await run_in_threadpool(said, request, 422, detail)

    async def busy(request: Request, error: Any) -> Response:
        _LOG.warning("the layer could not be asked: %s", error)
        return await run_in_threadpool(
            said, request, 503, "The layer cannot be asked at the moment. Try again in a minute."
        )

    return {AnyHTTPException: refused, EuregioError: ours, RequestValidationError: invalid, duckdb.Error: busy}


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]


@functools.cache
def about() -> str:
    """What the API is, for its description."""
    return (pages.__doc__ or "").strip()
