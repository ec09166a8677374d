"""Which errors of a task are worth another try, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

from euregio.errors import EuregioError, FetchError

#: Seconds before the second try; each further one waits twice as long.
FIRST_WAIT = 60.0
LONGEST_WAIT = 3600.0


class RetryByKind(RetryPolicy):
    """What the publisher's side may mend by itself is tried again; what is wrong in itself fails at once.

    FetchError waits twice as long each time, and no shorter than the publisher asked (its `retry_after` in seconds,
    from Retry-After); one that says that it is `permanent` is not tried again. Other errors of Euregio (undecodable
    bytes, a refused batch, a wrong declaration) stay wrong however often they are tried. Everything else (a busy layer,
    a lost connection, a full disk) goes Airflow's usual way.
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,  # noqa: ARG002  the signature is Airflow's
        context: Any = None,  # noqa: ARG002  the signature is Airflow's
    ) -> RetryDecision:
        kind = exception.facts.get("kind") if isinstance(exception, EuregioError) else None
        if kind == "no_bytes":
            return RetryDecision.fail("This installation's profile has no bytes of it: no further try.")
        if isinstance(exception, FetchError):
            if getattr(exception, "permanent", False):
                return RetryDecision.fail("The publisher's answer will stay the same: no further try.")
            wait = wait_seconds(try_number, getattr(exception, "retry_after", None))
            return RetryDecision.retry(timedelta(seconds=wait), f"The publisher may answer in {wait:.0f} s.")
        if kind == "layer_busy":
            return RetryDecision.default()
        if isinstance(exception, EuregioError):
            return RetryDecision.fail("The same bytes under the same rules fail again: no further try.")
        return RetryDecision.default()


def wait_seconds(try_number: int, asked: float | None) -> float:
    """Seconds until the next try after try `try_number` (from 1); `asked` is the publisher's own wish."""
    own = min(FIRST_WAIT * 2 ** (max(try_number, 1) - 1), LONGEST_WAIT)
    return own if asked is None else min(max(float(asked), own), 24 * LONGEST_WAIT)
