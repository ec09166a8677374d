"""An error is tried again only where another try may end otherwise."""

import pytest
from airflow.sdk.definitions.retry_policy import RetryAction

from euregio.errors import BatchRefused, DeclarationError, DecodeError, FetchError, ReleaseError
from euregio.extract.fetch.fetched import FetchFailed, RetryLater, WebPage
from euregio.orchestration.retries import LONGEST_WAIT, RetryByKind


def decide(error: BaseException, try_number: int = 1):
    return RetryByKind().evaluate(error, try_number, 4)


def test_a_publisher_that_does_not_answer_is_asked_again_after_ever_longer_waits() -> None:
    waits = [decide(FetchError("no answer"), number).retry_delay.total_seconds() for number in (1, 2, 3, 20)]
    assert waits == [60, 120, 240, LONGEST_WAIT]


def test_the_wait_that_the_publisher_asked_for_is_kept() -> None:
    error = FetchError("too many requests")
    error.retry_after = 600
    assert decide(error).retry_delay.total_seconds() == 600


def test_a_publisher_that_asks_for_a_second_or_for_nothing_is_given_minutes_to_recover() -> None:
    for error in (RetryLater("busy").with_facts(503), RetryLater("busy").with_facts(503, retry_after=1)):
        waits = [decide(error.at("xx.charging__a"), number).retry_delay.total_seconds() for number in (1, 2, 3, 4)]
        assert waits == [60, 120, 240, 480]


def test_a_fetch_that_cannot_succeed_fails_at_once() -> None:
    error = FetchFailed("the publisher refuses").with_facts(404)
    assert decide(error).action is RetryAction.FAIL
    assert decide(error.at("xx.charging__a")).action is RetryAction.FAIL


def test_a_page_of_maintenance_does_not_cost_the_run() -> None:
    error = WebPage("the answer is a web page, not data").with_facts(200).at("xx.charging__a")
    assert [decide(error, number).action for number in (1, 4)] == [RetryAction.RETRY] * 2


@pytest.mark.parametrize("kind", [DecodeError, BatchRefused, DeclarationError, ReleaseError])
def test_what_is_wrong_in_itself_fails_at_once(kind) -> None:
    assert decide(kind("wrong")).action is RetryAction.FAIL


def test_any_other_error_goes_airflows_usual_way() -> None:
    assert decide(ConnectionResetError()).action is RetryAction.DEFAULT


def test_a_layer_that_stayed_busy_is_tried_again() -> None:
    busy = ReleaseError("the layer stayed busy for 3600 s").told_as("layer_busy")
    assert RetryByKind().evaluate(busy, 1, 4).action == RetryAction.DEFAULT
