"""Pages that Airflow shows under /euregio, all behind its log-in: so far the atlas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from euregio.settings import Settings

#: Sent with every page: it is shown in a frame of Airflow's own and fetches nothing from elsewhere.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ABSENT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Atlas</title>"
    "<p>There is no atlas yet: it is written when the indicators have run.</p></html>"
)


def atlas_folder() -> Path:
    """Where publish writes the atlas."""
    return Settings().home / "atlas"


class Lazily:
    """An ASGI application that is made at its first request.

    Every component of Airflow loads the plugin, only the API server serves it: the others need no web framework.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            self._app = self._make()
        await self._app(scope, receive, send)


def atlas_app(folder: Path | None = None) -> Any:
    """The pages as a FastAPI application. Each request without a user of Airflow is refused with 401."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends, FastAPI, HTTPException
    from fastapi.responses import FileResponse, HTMLResponse, Response

    # The dependency stands on the application, so that no later route can be without it (Airflow adds none by itself).
    app = FastAPI(dependencies=[Depends(get_user)], docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/atlas/{path:path}")
    def atlas(path: str) -> Response:
        root = (folder or atlas_folder()).resolve()
        wanted = (root / (path or "index.html")).resolve()
        if wanted.is_dir():
            wanted = wanted / "index.html"
        if not wanted.is_relative_to(root) or (not wanted.is_file() and path):
            raise HTTPException(404)
        if not wanted.is_file():
            return HTMLResponse(_ABSENT, headers=_HEADERS)
        return FileResponse(wanted, headers=_HEADERS)

    return app
