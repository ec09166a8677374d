"""Where facts come from: the layer, the journal, what Airflow knows. What is missing becomes a sentence, not an error."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from euregio.errors import EuregioError
from euregio.pages.models import RunState
from euregio.settings import Settings
from euregio.storage.journal import Incident, open_journal
from euregio.storage.kept import KeptLayer

_LOG = logging.getLogger(__name__)
#: Open incidents are few; of the closed ones the latest are shown.
_INCIDENTS = 400
#: One for the process: a page is asked for often, and asks little.
_LAYER = KeptLayer()


@dataclass(frozen=True)
class Known:
    """What Airflow knows: last successful run and last run of each dataset, ticks of a rhythm, whom the user may read.

    `readable` None: all. `cron` gives the ticks (UTC) of a rhythm. `sees_rows`: whether rows that were kept back may be
    shown to the user, where the dataset's policy lets them.
    """

    at: datetime
    cron: Any
    looks: Mapping[str, datetime] = field(default_factory=dict)
    last_runs: Mapping[str, RunState] = field(default_factory=dict)
    readable: frozenset[str] | None = None
    sees_rows: bool = False

    def may_read(self, dataset: str) -> bool:
        """Whether the user may read the dataset's DAG. What is of no single dataset (`de.*`, `*`) all may."""
        return self.readable is None or dataset.endswith("*") or dataset in self.readable


class Layer:
    """The open layer, or why it cannot be asked: then every question has no rows."""

    def __init__(self, con: duckdb.DuckDBPyConnection | None, why: str | None) -> None:
        self.con, self.why = con, why

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query by column; instants are UTC."""
        if self.con is None:
            return []
        try:
            done = self.con.execute(query, list(values))
        except (duckdb.CatalogException, duckdb.BinderException):  # a layer that no writer of today has opened yet
            _LOG.info("the layer is older than this question", exc_info=True)
            return []
        names = [column[0] for column in done.description or ()]
        return [dict(zip(names, map(_utc, row), strict=True)) for row in done.fetchall()]


@contextmanager
def asked_layer(settings: Settings) -> Iterator[Layer]:
    """The layer for reading; where there is none, or it is down, `why` says so and what to do."""
    with ExitStack() as opened:
        try:
            con = opened.enter_context(_LAYER.look(settings))
        except EuregioError as error:
            # the place may be a path or an address of this installation: it is for the log
            _LOG.info("the layer cannot be asked: %s", error)
            text = error.what[:1].upper() + error.what[1:] + "." + (f" {error.do}" if error.do else "")
            yield Layer(None, text)
            return
        except Exception:
            _LOG.exception("the layer cannot be asked")
            yield Layer(None, "The layer cannot be read. See the log of the API server.")
            return
        yield Layer(con, None)


def incidents(settings: Settings, **wanted: Any) -> tuple[list[Incident], str | None]:
    """Incidents, the latest opened first, or why the journal tells none."""
    try:
        with open_journal(settings) as journal:
            return journal.incidents(limit=_INCIDENTS, **wanted), None
    except Exception as error:  # whatever a database raises: the page says that it does not know
        _LOG.warning("the journal cannot be asked: %s", error)
        return [], "The journal of operation cannot be read, so nothing is known of incidents. Check EUREGIO_JOURNAL."


def _utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
