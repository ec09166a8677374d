"""The publisher and the installation of these tests, and a task's context around them."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from office import NAME, Office, office  # noqa: F401  a fixture


@pytest.fixture
def task(monkeypatch: pytest.MonkeyPatch, office: Office):  # noqa: F811  the fixture above
    """As in a task of the run `r1`: its context, and the installation's settings."""
    from euregio.orchestration import observed

    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    context = {"run_id": "r1", "ti": SimpleNamespace(try_number=1)}
    monkeypatch.setattr(observed, "get_current_context", lambda: context)
    monkeypatch.setattr(observed, "_settings", lambda: office.settings)
    return SimpleNamespace(context=context, job=NAME)
