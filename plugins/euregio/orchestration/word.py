"""A person's word in a run's conf, sealed by the API server: whoever may only start runs cannot write one.

A run's conf is free text of whoever starts it. The pages ask for the right to accept; the seal (HMAC-SHA256 over
dataset, period, run, batch, gates, reason and person, with a key drawn from `[api_auth] jwt_secret`, which the API
server and the workers hold) tells the worker that they did.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from airflow.configuration import conf as airflow_conf

from euregio.errors import DeclarationError

_PURPOSE = b"euregio: acceptance of a held batch, version 1"


def sealed(accept: dict[str, Any], *, dataset: str, period: str, run_id: str, person: str) -> dict[str, Any]:
    """The word with its seal, for the conf of the run `run_id`, which that person starts. Raises DeclarationError."""
    return {**accept, "seal": _seal(accept, dataset, period, run_id, person)}


def checked(accept: Any, *, dataset: str, period: str, run_id: str, person: str) -> dict[str, Any]:
    """The word without its seal. Raises DeclarationError where it is none, or another run's or person's."""
    if not isinstance(accept, dict):
        raise DeclarationError(
            "not an acceptance", where=f"{dataset}, conf of the run", found=accept, expected="what the pages write"
        )
    word = {name: value for name, value in accept.items() if name != "seal"}
    if not hmac.compare_digest(
        str(accept.get("seal") or "").encode("utf-8", "replace"), _seal(word, dataset, period, run_id, person).encode()
    ):
        raise DeclarationError(
            "this word is not one that the pages took", where=f"{dataset}, conf of the run",
            do="Accept the batch on its incident's page, by POST of …/acceptance, or with `euregio accept`.",
        )  # fmt: skip
    return word


def _seal(word: dict[str, Any], dataset: str, period: str, run_id: str, person: str) -> str:
    secret = airflow_conf.get("api_auth", "jwt_secret", fallback="") or ""
    if not secret or not person:
        raise DeclarationError(
            "an acceptance is by a named person" if not person else "a word cannot be sealed here",
            where=f"{dataset}, conf of the run", found="nobody" if not person else "no [api_auth] jwt_secret",
        )  # fmt: skip
    said = [dataset, period, run_id, person, word.get("batch"), word.get("gates"), word.get("reason")]
    key = hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)
    return hmac.new(key, json.dumps(said).encode(), hashlib.sha256).hexdigest()
