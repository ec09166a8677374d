"""Pages that Airflow shows under /euregio, all behind its log-in: the engineer's pages, their JSON, and the atlas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from euregio import pages
from euregio.settings import Settings

#: The atlas brings its own hashes; this forbids besides whatever is not in the page itself.
_ATLAS_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_NO_ATLAS = "There is no atlas yet: it is written when the indicators have run (their DAG, or `make run`)."


def atlas_folder() -> Path:
    """Where publish writes the atlas."""
    return Settings().home / "atlas"


class Lazily:
    """An ASGI application that is made at its first request.

    Every component of Airflow loads the plugin, only the API server serves it: the others need no web framework. The
    application that it is mounted in, Airflow's own, is noted in the request.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app({**scope, "euregio.airflow": scope.get("app")}, receive, send)


def links_app() -> Any:
    """What Airflow's own UI shows of ours on each of its pages: the script that links an asset's page to ours, and the
    icons of its menu. For any user who is logged in, whatever they may see: the UI would show an error to whom it is refused."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import FileResponse

    folder = Path(pages.__file__).parent / "assets"
    shown = {path.name: path for path in (folder / "asset_link.js", *folder.glob("*.svg"))}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(get_user)])

    @app.get("/{name}")
    def send(name: str) -> FileResponse:
        if name not in shown:
            raise HTTPException(404)
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
        return FileResponse(shown[name], headers=headers)

    return app


def pages_app(folder: Path | None = None, side: Any = None) -> Any:
    """The pages as a FastAPI application. Each request without a user of Airflow is refused with 401, of one who may
    not read DAGs with 403. `folder` is the atlas's; `side` stands for Airflow in tests."""
    from fastapi import FastAPI, HTTPException, Request
    from fastapi.responses import FileResponse, Response

    from euregio import __version__
    from euregio.orchestration import page_airflow, page_routes

    app = FastAPI(
        title="Euregio", version=__version__, description=page_routes.about(), dependencies=page_routes.BEHIND_THE_LOG_IN,
        docs_url=None, redoc_url=None, openapi_url=None, exception_handlers=page_routes.handlers(),
    )  # fmt: skip
    app.middleware("http")(page_routes.bound)
    asked = side or page_airflow.AirflowSide()
    app.include_router(page_routes.json_routes(asked))
    app.include_router(page_routes.html_routes(asked))

    def atlas(path: str, request: Request) -> Response:
        root = (folder or atlas_folder()).resolve()
        try:
            wanted = (root / (path or "index.html")).resolve()
            if wanted.is_dir():
                wanted = wanted / "index.html"
        except (OSError, ValueError) as error:  # a name longer than any file's, or a loop of links
            raise HTTPException(404, "The atlas has no such page.") from error
        if not wanted.is_relative_to(root) or (not wanted.is_file() and path):
            raise HTTPException(404, "The atlas has no such page.")
        if not wanted.is_file():
            return page_routes.page(
                request, "message", title="Atlas", text=_NO_ATLAS, link=f"{page_routes.base_of(request)}/datasets",
                link_text="All datasets", link_airflow=False,
            )  # fmt: skip
        return FileResponse(wanted, headers={**page_routes.HEADERS, "Content-Security-Policy": _ATLAS_POLICY})

    # FastAPI reads the types from here: they are known only once it is imported
    atlas.__annotations__ = {"path": str, "request": Request, "return": Response}
    app.get("/atlas/{path:path}", include_in_schema=False, response_model=None)(atlas)
    return app
