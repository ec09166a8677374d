"""include/alerts.yaml is validated, with file, line and field; errors become kinds."""

import errno
from collections.abc import Callable
from contextlib import ExitStack

import duckdb
import pytest

from euregio.alerts.kinds import kind, load_kinds
from euregio.alerts.problem import Problem, died, problem_of
from euregio.declarations.alerts import load_alerts
from euregio.errors import BatchRefused, DeclarationError, DecodeError, EuregioError, FetchError, ReleaseError
from euregio.extract.fetch.fetched import FetchFailed, RetryLater
from euregio.settings import Settings
from euregio.storage.layer import open_layer, retried


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("routes:\n- {channels: [nobody]}", "line 1, field \\(top\\): a route names the channel nobody"),
        (
            "channels:\n  mail: {kind: mail, connection: smtp}",
            "line 2, field channels.mail: a mail channel has addresses",
        ),
        ("channels:\n  mail: {kind: mail, connection: smtp, to: ['a b@c']}", "is not a mail address"),
        (
            "channels:\n  mail:\n    kind: mail\n    connection: 'smtp://user:secret@host'\n    to: [a@b]",
            "line 4, field channels.mail.connection",
        ),
        ("digest: {at: '25:00'}", "line 1, field digest.at"),
        ("severity: {late: grave}", "field severity.late"),
        ("maintenance:\n- {begin: 2026-11-20T10:00:00, end: 2026-11-20T12:00:00, why: move}", "timezone"),
        ("maintenance:\n- {begin: 2026-11-20T10:00:00Z, end: 2026-11-20T09:00:00Z, why: move}", "ends after it begins"),
        ("chanels: {}", "field chanels"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, text: str, words: str) -> None:
    path = tmp_path / "alerts.yaml"
    path.write_text(text)
    with pytest.raises(DeclarationError, match=words):
        load_alerts(path)


def test_no_file_is_no_channel_and_the_projects_own_is_sound(tmp_path) -> None:
    assert load_alerts(tmp_path / "none.yaml").channels == {}
    assert load_alerts().channels == {}


def fetch(kind_, what: str, status: int | None = None):
    return kind_(what).with_facts(status)


def raised(work: Callable[[], object]) -> EuregioError:
    """What the layer itself raises."""
    with pytest.raises(EuregioError) as caught:
        work()
    return caught.value


def locked() -> None:
    raise duckdb.IOException("database is locked")


def refused(**facts) -> BatchRefused:
    error = BatchRefused("1 critical rule failed: id (3 of 4 rows)")
    error.facts |= facts
    return error


CASES = [
    (fetch(RetryLater, "the publisher cannot be reached"), "publisher_unreachable"),
    (fetch(RetryLater, "the publisher cannot answer at the moment", 503), "publisher_unreachable"),
    (fetch(RetryLater, "the publisher cannot answer at the moment", 429), "publisher_unreachable"),
    (FetchError("the publisher did not answer"), "publisher_unreachable"),
    (fetch(FetchFailed, "the publisher refuses", 404), "publisher_refuses"),
    (fetch(FetchFailed, "the publisher refuses", 401), "publisher_refuses"),
    (fetch(FetchFailed, "the publisher's certificate is not trusted"), "publisher_refuses"),
    (fetch(FetchFailed, "the answer is a web page, not data", 200), "not_the_dataset"),
    (fetch(RetryLater, "the bytes cannot be written here"), "out_of_disk"),
    (DecodeError("the file is cut off or is no JSON"), "undecodable"),
    (refused(reasons={"id": 3}), "rule_failed"),
    (BatchRefused("not one row is sound"), "nothing_sound"),
    (ReleaseError("no table has such a field or tag"), "release_refused"),
    (raised(lambda: retried(locked, seconds=0)), "layer_busy"),
    (raised(lambda: ExitStack().enter_context(open_layer(Settings(layer_catalogue="none:x")))), "layer_unavailable"),
    (EuregioError("a sentence that speaks of the layer"), "program_error"),
    (DeclarationError("this is not YAML"), "declaration_wrong"),
    (OSError(errno.ENOSPC, "No space left on device"), "out_of_disk"),
    (PermissionError(errno.EACCES, "Permission denied"), "store_unavailable"),
    (MemoryError(), "out_of_memory"),
    (KeyError("a row of Hans Muster"), "program_error"),
]


@pytest.mark.parametrize(
    ("error", "expected"), CASES, ids=lambda value: getattr(value, "what", None) or str(value)[:30]
)
def test_an_error_becomes_a_kind_that_has_words(error: Exception, expected: str) -> None:
    problem = problem_of(error, "extract")
    assert problem.kind == expected
    assert expected in load_kinds()
    assert Problem.from_json(problem.to_json()) == problem


def test_a_gates_finding_names_the_kind() -> None:
    from euregio.check.gates.finding import Finding, block

    with pytest.raises(BatchRefused) as caught:
        block([Finding("schema", "the column `power` is gone", True), Finding("volume", "half", True)], "x", "0" * 20)
    problem = problem_of(caught.value, "check")
    assert (problem.kind, problem.cause) == ("schema_drift", "schema,volume")
    assert list(problem.figures.values()) == ["the column `power` is gone", "half"]


def test_the_cause_is_the_same_for_every_period_and_count() -> None:
    causes = {problem_of(DecodeError(f"line {number} has 'x{number}' in it"), "extract").cause for number in (3, 4711)}
    assert causes == {"line has in it"}
    assert problem_of(refused(reasons={"b": 1, "a": 2}), "check").cause == "a,b"


def test_of_a_foreign_error_only_its_class_travels() -> None:
    content = problem_of(ValueError("could not convert 'Hans Muster, Hauptstrasse 1'"), "harmonise").to_json()
    assert "Muster" not in str(content)


def test_only_names_and_numbers_of_a_batch_travel() -> None:
    batch = {"dataset": "x", "period": "2026", "batch_id": "b", "rows": 3, "secret": "s", "files": ["ab"]}
    assert problem_of(DecodeError("x"), "check", batch).batch == {
        "period": "2026",
        "batch_id": "b",
        "files": ["ab"],
        "rows": 3,
    }


def test_an_error_that_moves_keeps_its_facts() -> None:
    assert problem_of(refused(reasons={"id": 3}).at("de.x 2026"), "check").reasons == {"id": 3}


def test_a_kind_that_this_version_does_not_know_has_words() -> None:
    assert kind("of the future") == kind("program_error")
    assert died().kind in load_kinds()
