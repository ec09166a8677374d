"""Publishers' secrets as a task looks them up: environment, and whatever Airflow's connections come from."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException

from euregio.extract.fetch.fetched import FetchFailed, RetryLater
from euregio.extract.fetch.secrets import Secrets
from euregio.orchestration import connections


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Connections by id, in the place of Airflow's; an exception is raised."""
    known: dict[str, Any] = {}

    def get(name: str) -> Any:
        found = known.get(name, AirflowNotFoundException(f"no {name}"))
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(connections.BaseHook, "get_connection", get)
    return known


def connection(**told: Any) -> SimpleNamespace:
    return SimpleNamespace(**dict.fromkeys((*connections._FIELDS, "extra")) | told)


def test_fields_and_extra_of_a_connection_fill_a_source(kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    kept["office"] = connection(password="p/w+1", login="anna", port=443, extra=json.dumps({"api_key": "k&y"}))
    monkeypatch.setenv("OFFICE_TOKEN", "from the environment")
    secrets = Secrets(connections.secret_of)
    assert secrets.fill("${conn:office:login}:${conn:office:password}:${conn:office:port}") == "anna:p/w+1:443"
    assert secrets.fill("https://x.example/?k=${conn:office:api_key}", in_address=True) == "https://x.example/?k=k%26y"
    assert secrets.fill("${OFFICE_TOKEN}") == "from the environment"


@pytest.mark.parametrize("name", ["${conn:nobody:password}", "${conn:office:login}", "${conn:office:no_such}"])
def test_a_secret_that_is_nowhere_is_said_with_what_to_do(kept: dict[str, Any], name: str) -> None:
    kept["office"] = connection()
    with pytest.raises(FetchFailed, match=r"a secret is not set.*Set the Airflow connection"):
        Secrets(connections.secret_of).fill(name)


def test_a_backend_that_is_down_is_for_later_and_told_without_its_words(kept: dict[str, Any]) -> None:
    kept["office"] = RuntimeError("vault https://vault.example?token=s3cr3t is sealed")
    with pytest.raises(RetryLater, match="secrets backend") as said:
        Secrets(connections.secret_of).fill("${conn:office:password}")
    assert "s3cr3t" not in str(said.value)
    assert said.value.__suppress_context__


def test_a_quotation_that_holds_a_piece_of_a_secret_is_not_told() -> None:
    secrets = Secrets({"TOKEN": "abc/DEF+ghi=jkl"}.get)
    secrets.fill("${TOKEN}")
    for quotation in ("no such key abc/DEF+gh", "…+ghi=jkl is wrong", "ABC/def+GHI=JKL", "k=abc%2FDEF%2Bghi"):
        assert secrets.quoted(quotation) == "***"
    assert secrets.quoted("columns a, b and abc/D") == "columns a, b and abc/D"
