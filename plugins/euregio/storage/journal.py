"""The book of operation, beside the layer: what went wrong, since when, and who was told. SQLite, or PostgreSQL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.words import telling_no_login

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Row, Table


_FIRST = Lock()

#: The gravest first: a person must act; a number is degraded; to know, in the digest.
SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class Incident:
    """One cause of trouble, from its first sight to its all-clear.

    `key` names the cause (dataset, kind and what distinguishes it); of one key at most one incident is open. `facts` are
    what an alert tells (counts and words, no rows of data). Instants are aware, UTC.
    """

    incident_id: str
    key: str
    dataset: str
    kind: str
    severity: str
    owner: str
    opened_at: datetime
    last_seen_at: datetime
    seen_count: int
    facts: dict[str, Any] = field(default_factory=dict)
    closed_at: datetime | None = None
    closed_because: str | None = None


@dataclass(frozen=True)
class Told:
    """One message about an incident (or a digest, then `incident_id` is None) to one channel, and what came of it."""

    incident_id: str | None
    channel: str
    kind: str
    at: datetime
    error: str | None = None


class Journal:
    """The open book. Every method is one transaction; two writers at once do not open one cause twice."""

    def __init__(self, connection: Connection) -> None:
        self._con = connection

    def see(
        self, key: str, *, dataset: str, kind: str, severity: str, owner: str, facts: Mapping[str, Any], at: datetime
    ) -> tuple[Incident, bool]:
        """Note that the cause `key` was seen: opens an incident, or counts it to the open one; True where it is new."""
        from sqlalchemy import insert, update
        from sqlalchemy.exc import IntegrityError

        book = _tables()["incident"]
        row = {
            "incident_id": uuid.uuid4().hex[:12], "key": key, "open_key": key, "dataset": dataset, "kind": kind, "severity": severity,
            "owner": owner, "opened_at": _text(at), "last_seen_at": _text(at), "seen_count": 1, "facts": json.dumps(dict(facts), default=str),
        }  # fmt: skip
        try:
            with self._con.begin():
                self._con.execute(insert(book).values(row))
            return self.incident(str(row["incident_id"])), True
        except IntegrityError:  # open already: the unique open_key decides, also between two processes
            with self._con.begin():
                self._con.execute(
                    update(book).where(book.c.open_key == key).values(
                        last_seen_at=_text(at), seen_count=book.c.seen_count + 1, facts=row["facts"], severity=severity
                    )
                )  # fmt: skip
            found = self.incidents(open_only=True, key=key)
            if found:
                return found[0], False
            return self.see(key, dataset=dataset, kind=kind, severity=severity, owner=owner, facts=facts, at=at)

    def close(self, incident_id: str, because: str, at: datetime) -> bool:
        """Close an incident; True where it was open: of two that close it at once, one gives the all-clear."""
        from sqlalchemy import update

        book = _tables()["incident"]
        with self._con.begin():
            done = self._con.execute(
                update(book).where(book.c.incident_id == incident_id, book.c.closed_at.is_(None))
                .values(closed_at=_text(at), closed_because=because, open_key=None)
            )  # fmt: skip
        return bool(done.rowcount)

    def incident(self, incident_id: str) -> Incident:
        """The incident. Raises EuregioError where there is none."""
        found = self.incidents(incident_id=incident_id)
        if not found:
            raise EuregioError("there is no such incident", found=incident_id, do="`euregio incidents` lists them.")
        return found[0]

    def incidents(
        self, *, open_only: bool = False, dataset: str | None = None, key: str | None = None,
        incident_id: str | None = None, limit: int = 1000,
    ) -> list[Incident]:  # fmt: skip
        """Incidents, the latest opened first."""
        from sqlalchemy import select

        book = _tables()["incident"]
        query = select(book).order_by(book.c.opened_at.desc(), book.c.incident_id).limit(limit)
        for column, wanted in (("dataset", dataset), ("key", key), ("incident_id", incident_id)):
            if wanted is not None:
                query = query.where(book.c[column] == wanted)
        if open_only:
            query = query.where(book.c.closed_at.is_(None))
        with self._con.begin():
            return [_incident(row) for row in self._con.execute(query)]

    def note_told(self, told: Told) -> None:
        """Note a message that went out, or that could not."""
        from sqlalchemy import insert

        values = {
            "incident_id": told.incident_id, "channel": told.channel, "kind": told.kind, "at": _text(told.at), "error": told.error,
        }  # fmt: skip
        with self._con.begin():
            self._con.execute(insert(_tables()["told"]).values(values))

    def told(self, incident_id: str | None = None, *, kind: str | None = None) -> list[Told]:
        """Messages, the earliest first: of an incident, of a kind, or all."""
        from sqlalchemy import select

        book = _tables()["told"]
        query = select(book).order_by(book.c.told_id)
        if incident_id is not None:
            query = query.where(book.c.incident_id == incident_id)
        if kind is not None:
            query = query.where(book.c.kind == kind)
        with self._con.begin():
            rows = list(self._con.execute(query))
        return [Told(row.incident_id, row.channel, row.kind, _instant(row.at), row.error) for row in rows]


@contextmanager
def open_journal(settings: Settings | None = None) -> Iterator[Journal]:
    """The journal of this installation; its tables are made where they are not there yet.

    Raises EuregioError where it cannot be opened, without the password.
    """
    from sqlalchemy.exc import SQLAlchemyError

    settings = settings or Settings()
    kind, _, place = settings.journal.partition(":")
    with telling_no_login(kind, place):
        try:
            engine = _engine(settings.journal)
            with engine.connect() as connection:
                yield Journal(connection)
        except SQLAlchemyError as error:
            said = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
            raise EuregioError(
                "the journal of operation cannot be used", where=settings.journal if kind == "sqlite" else kind, found=said,
                do="Check EUREGIO_JOURNAL.",
            ) from error  # fmt: skip


def _engine(address: str) -> Engine:
    """Engine of `sqlite:PATH` or `postgres:CONNECTION STRING` (libpq's), with the tables made, once a process."""
    with _FIRST:
        return _engine_of(address)


@cache
def _engine_of(address: str) -> Engine:
    from sqlalchemy import create_engine, event

    kind, _, place = address.partition(":")
    if kind == "sqlite":
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{place}", connect_args={"timeout": 30})

        @event.listens_for(engine, "connect")
        def _readers_beside_a_writer(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
    elif kind == "postgres":
        try:
            import psycopg2
        except ImportError as error:
            raise EuregioError(
                "PostgreSQL needs its driver", where="EUREGIO_JOURNAL", do="Install requirements-production.lock."
            ) from error
        engine = create_engine("postgresql+psycopg2://", creator=lambda: psycopg2.connect(place), pool_pre_ping=True)
    else:
        raise EuregioError(
            "not an address of a journal", found=kind, expected="sqlite:PATH or postgres:CONNECTION STRING", do="Check EUREGIO_JOURNAL.",
        )  # fmt: skip
    _make_tables(engine)
    return engine


def _make_tables(engine: Engine) -> None:
    """Make what is not there. Of two processes that find nothing at once, the later finds the other's: it looks again."""
    from sqlalchemy.exc import DBAPIError

    try:
        _metadata().create_all(engine)
    except DBAPIError:
        _metadata().create_all(engine)


@cache
def _metadata() -> MetaData:
    from sqlalchemy import Column, Integer, MetaData, String, Table, Text

    book = MetaData()
    # Instants are ISO text in UTC: both databases sort and compare it alike.
    Table(
        "incident", book, Column("incident_id", String(12), primary_key=True), Column("key", String(300), nullable=False),
        Column("open_key", String(300), unique=True), Column("dataset", String(120), nullable=False, index=True),
        Column("kind", String(40), nullable=False), Column("severity", String(10), nullable=False), Column("owner", String(120), nullable=False),
        Column("opened_at", String(32), nullable=False), Column("last_seen_at", String(32), nullable=False),
        Column("seen_count", Integer, nullable=False), Column("facts", Text, nullable=False),
        Column("closed_at", String(32)), Column("closed_because", Text),
    )  # fmt: skip
    Table(
        "told", book, Column("told_id", Integer, primary_key=True, autoincrement=True), Column("incident_id", String(12), index=True),
        Column("channel", String(60), nullable=False), Column("kind", String(20), nullable=False), Column("at", String(32), nullable=False),
        Column("error", Text),
    )  # fmt: skip
    return book


def _tables() -> Mapping[str, Table]:
    return _metadata().tables


def _incident(row: Row[Any]) -> Incident:
    return Incident(
        row.incident_id, row.key, row.dataset, row.kind, row.severity, row.owner, _instant(row.opened_at), _instant(row.last_seen_at),
        row.seen_count, json.loads(row.facts), _instant(row.closed_at) if row.closed_at else None, row.closed_because,
    )  # fmt: skip


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
