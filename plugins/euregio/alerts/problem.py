"""What went wrong in a task, as facts that may leave the worker: kind, words and counts; no rows, no secrets."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from euregio.errors import EuregioError, harmless

#: Key of the XCom that a failing task leaves.
XCOM_KEY = "problem"
#: What of a batch's reference may travel: names and numbers.
_OF_BATCH = (
    "period", "batch_id", "files", "retrieved_at", "records", "rows", "admitted", "corrected", "quarantined", "released",
)  # fmt: skip
_LONGEST = 600
#: Of a batch that several gates hold, the first of these names the kind.
_GATES = {"schema": "schema_drift", "volume": "volume_anomaly", "identity": "identity_churn"}
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FOR_NOW = (204, 408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Problem:
    """One failure. `cause` distinguishes two failures of one kind (rule, status, words without numbers).

    `reasons` are failing rules with their counts, `batch` names and numbers of the batch, `fetched` the landed files
    (name, sha256, size_bytes, fetched_at, address), `figures` what gates found, `titles` words of rules, `records` numbers of
    the first records that fail a rule of `table`.
    """

    kind: str
    what: str
    cause: str = ""
    where: str | None = None
    found: str | None = None
    expected: str | None = None
    do: str | None = None
    step: str | None = None
    status: int | None = None
    reasons: dict[str, int] = field(default_factory=dict)
    batch: dict[str, Any] = field(default_factory=dict)
    fetched: list[dict[str, Any]] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    records: dict[str, list[int]] = field(default_factory=dict)
    table: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, without what is not known."""
        return {name: value for name, value in asdict(self).items() if value not in (None, {}, [], "")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Problem:
        """The problem that `to_json` gave. What this version does not know, or is of another kind, is left out: it comes
        from a worker, perhaps another country's, and must not keep an alert from going out."""
        known = {name: _taken(name, value) for name, value in content.items() if name in cls.__dataclass_fields__}
        given = {name: value for name, value in known.items() if value is not None}
        return cls(**{"kind": "program_error", "what": "the task says nothing that can be read", **given})


def problem_of(error: BaseException, step: str, batch: Mapping[str, Any] | None = None) -> Problem:
    """The problem that an exception of the task `step` is.

    Errors of Euregio are lines for people and safe to log. Of any other exception only its class is told: its text
    may hold a publisher's row.
    """
    facts: dict[str, Any] = getattr(error, "facts", None) or {}
    reference = facts.get("batch") or batch or {}
    common: dict[str, Any] = {
        "step": step,
        "batch": {name: reference[name] for name in _OF_BATCH if name in reference},
        "reasons": {harmless(str(name)): int(count or 0) for name, count in (facts.get("reasons") or {}).items()},
        "figures": _held(error),
        "titles": {str(name): str(title) for name, title in (facts.get("titles") or {}).items()},
        "table": facts.get("table"),
    }
    kind = kind_of(error)
    if not isinstance(error, EuregioError):
        name = type(error).__name__
        code = errno.errorcode.get(error.errno or 0) if isinstance(error, OSError) else None
        what = f"{name} ({error.strerror})" if isinstance(error, OSError) and error.strerror else name
        return Problem(kind, what, code or name, **common)
    status = getattr(error, "status", None)
    return Problem(
        kind, harmless(error.what)[:_LONGEST], cause_of(error, common["reasons"]), _text(error.where), _text(error.found), _text(error.expected),
        error.do, status=status, **common,
    )  # fmt: skip


def died() -> Problem:
    """The problem of a run whose task left none: its process was ended from outside."""
    return Problem("task_died", "the task's process ended without a word", "died")


def hanging(within: object) -> Problem:
    """The problem of a run that has not ended within its time, whoever notices it."""
    return Problem("run_hangs", "the run has not ended within its time", "deadline", expected=str(within))


def kind_of(error: BaseException) -> str:
    """The kind (include/alerts/kinds.yaml) of an exception, by its class, its attributes and the layer's own words."""
    if told := (getattr(error, "facts", None) or {}).get("kind"):
        return str(told)
    if gates := getattr(error, "gates", None):
        return next((kind for gate, kind in _GATES.items() if gate in gates), "volume_anomaly")
    names = {each.__name__ for each in type(error).__mro__}
    if "FetchError" in names:
        return _kind_of_fetch(error, names)
    if "BatchRefused" in names:
        return "nothing_sound" if "not one row is sound" in str(error) else "rule_failed"
    if "ReleaseError" in names:
        return "release_refused"
    for name, kind in (("DecodeError", "undecodable"), ("DeclarationError", "declaration_wrong")):
        if name in names:
            return kind
    if "EuregioError" in names:
        return "program_error"
    return _kind_of_foreign(error, names)


def _kind_of_fetch(error: BaseException, names: set[str]) -> str:
    status, text = getattr(error, "status", None), str(error)
    if "cannot be written here" in text:
        return "out_of_disk"
    if "certificate" in text or "secret" in text:
        return "publisher_refuses"
    if status is not None and status >= 300 and status not in _FOR_NOW:
        return "publisher_refuses"
    if "RetryLater" in names or status in _FOR_NOW or not hasattr(error, "status"):
        return "not_the_dataset" if "answer is empty" in text else "publisher_unreachable"
    return "not_the_dataset"


def _kind_of_foreign(error: BaseException, names: set[str]) -> str:
    text = str(error)
    full = isinstance(error, OSError) and error.errno in _FULL
    if full or "No space left" in text or "Disk quota" in text or "failed to offload" in text:
        return "out_of_disk"
    if isinstance(error, MemoryError) or "OutOfMemoryException" in names or "Out of Memory" in text:
        return "out_of_memory"
    if isinstance(error, OSError) or names & {"BotoCoreError", "ClientError", "IOException", "HTTPException"}:
        return "store_unavailable"
    if names & {"OperationalError", "InterfaceError", "TransactionException", "ConnectionException"}:
        return "layer_unavailable"
    return "program_error"


def cause_of(error: EuregioError, reasons: Mapping[str, int]) -> str:
    """What distinguishes this failure from others of its kind, the same for every period and every try.

    The gates that hold it, else the rules that failed, else the HTTP status, else the error's words without numbers and quotations.
    """
    if gates := getattr(error, "gates", None):
        return ",".join(sorted(gates))
    if reasons:
        return ",".join(sorted(reasons))
    if status := getattr(error, "status", None):
        return f"HTTP {status}"
    words = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "", error.what)
    return harmless(words)[:120]


def _held(error: BaseException) -> dict[str, str]:
    """What the gates that hold a batch found, by gate and number."""
    findings = [one for one in getattr(error, "findings", ()) if one.blocks]
    return {f"{one.gate} {number}": harmless(str(one.what))[:_LONGEST] for number, one in enumerate(findings[:20], 1)}


def _taken(name: str, value: Any) -> Any:
    """A field of a problem that a worker left; None where it is not of the field's kind."""
    match name:
        case "reasons":
            return {harmless(k): v for k, v in value.items() if _number(v)} if isinstance(value, dict) else None
        case "figures" | "titles":
            return {harmless(k): _plain(v) for k, v in value.items()} if isinstance(value, dict) else None
        case "batch":
            return {k: _plain(v) for k, v in value.items() if k in _OF_BATCH} if isinstance(value, dict) else None
        case "records":
            found = value.items() if isinstance(value, dict) else ()
            return {harmless(k): [one for one in v if _number(one)] for k, v in found if isinstance(v, list)}
        case "fetched":
            rows = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
            return [
                {harmless(k): _plain(v) for k, v in row.items()} for row in rows if _is_instant(row.get("fetched_at"))
            ]
        case "status":
            return value if _number(value) else None
        case _:
            return _text(value)


def _plain(value: Any) -> Any:
    """A number, a list of texts, or a text."""
    if isinstance(value, list | tuple):
        return [_text(one) for one in value]
    return value if isinstance(value, bool | int | float | None) else _text(value)


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_instant(value: object) -> bool:
    try:
        return bool(datetime.fromisoformat(str(value)))
    except ValueError:
        return False


def _text(value: object) -> str | None:
    return None if value is None else harmless(str(value))[:_LONGEST]
