"""The shared layer: the only room that opens the DuckLake. Tables come from their contracts, with comments."""

from __future__ import annotations

import fcntl
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import duckdb

from euregio.errors import EuregioError, ReleaseError
from euregio.settings import Settings
from euregio.storage.duck import connect, quoted
from euregio.storage.evolve import ensure_tables
from euregio.storage.words import telling_no_login

_BUSY = (
    "database is locked",
    "database table is locked",
    "Transaction conflict",
    "serialization failure",
    "could not serialize",
    # two first writers make a new catalogue's tables at once
    "pg_type_typname_nsp_index",
    "pg_class_relname_nsp_index",
    'relation "ducklake_metadata" already exists',
)
#: A proxy where nobody listens.
_NOWHERE = "127.0.0.1:9"
Result = TypeVar("Result")


@contextmanager
def open_layer(
    settings: Settings, *, read_only: bool = True, snapshot: int | None = None, widen: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection on which the layer is the current database, named `lake`; as it stood at `snapshot` where given.

    Opened for writing it brings the tables and views up to their contracts (`widen`: types too, storage.evolve). Raises
    EuregioError where there is no layer yet (read-only), its catalogue cannot be reached, or a column's type is another.
    """
    kind, _, place = settings.layer_catalogue.partition(":")
    scanners = {"sqlite": "sqlite_scanner", "postgres": "postgres_scanner", "duckdb": None}
    if kind not in scanners:
        raise EuregioError(
            "unknown kind of layer catalogue", where="EUREGIO_LAYER_CATALOGUE", found=kind, expected=", ".join(scanners)
        ).told_as("layer_unavailable")
    scanner = scanners[kind]
    remote = settings.layer_data.startswith("s3://")
    extensions = ["ducklake", "spatial", *([scanner] if scanner else []), *(["httpfs"] if remote else [])]
    if kind != "postgres":
        if read_only and not Path(place).exists():
            raise no_layer(place)
        Path(place).parent.mkdir(parents=True, exist_ok=True)
    if not (remote or read_only):
        Path(settings.layer_data).mkdir(parents=True, exist_ok=True)
    con = connect(settings, *extensions)
    con.execute("SET preserve_insertion_order = false")  # a table has no order; kept, one thread would write it
    try:
        with telling_no_login(kind, place):
            if remote:
                _use_s3(con, settings.s3_options)
            con.execute("SET ducklake_max_retry_count = 100")
            retried(lambda: _attach(con, kind, place, settings.layer_data, read_only, snapshot))
            con.execute("USE lake")
            if not read_only:
                retried(lambda: ensure_tables(con, widen=widen))
            yield con
    finally:
        con.close()


def no_layer(where: str) -> EuregioError:
    """The error for a layer that nothing was released into."""
    return EuregioError("there is no layer yet", where=where, do="`make run` (or a dataset's DAG) makes it.")


def _attach(
    con: duckdb.DuckDBPyConnection, kind: str, place: str, data: str, read_only: bool, snapshot: int | None
) -> None:
    source = "ducklake:" + (place if kind == "duckdb" else f"{kind}:{place}")
    options = ["READ_ONLY"] if read_only else [f"DATA_PATH {quoted(data.rstrip('/') + '/')}"]
    if kind == "sqlite":
        # Without a write-ahead log a reader makes a COMMIT fail, and the failed one keeps its lock: then all stand still.
        options += ["META_BUSY_TIMEOUT 10000", *([] if read_only else ["META_JOURNAL_MODE 'WAL'"])]
    if snapshot is not None:
        options.append(f"SNAPSHOT_VERSION {int(snapshot)}")
    try:
        con.execute(f"ATTACH IF NOT EXISTS {quoted(source)} AS lake ({', '.join(options)})")
    except duckdb.Error as error:
        if any(word in str(error) for word in _BUSY):
            raise
        said = str(error).splitlines()[0]
        if read_only and "creating a new DuckLake is explicitly disabled" in said:
            raise no_layer(place if kind != "postgres" else "the PostgreSQL catalogue") from error
        raise EuregioError("the layer cannot be opened", found=said).told_as("layer_unavailable") from error


def _use_s3(con: duckdb.DuckDBPyConnection, options: dict[str, str]) -> None:
    parts = ["TYPE s3", "URL_STYLE 'path'", f"REGION {quoted(options.get('region', 'eu-central-1'))}"]
    if endpoint := options.get("endpoint"):
        scheme, _, host = endpoint.rpartition("://")
        parts += [f"ENDPOINT {quoted(host)}", f"USE_SSL {'false' if scheme == 'http' else 'true'}"]
    if "key" in options:
        parts += [f"KEY_ID {quoted(options['key'])}", f"SECRET {quoted(options.get('secret', ''))}"]
    con.execute(f"CREATE OR REPLACE SECRET layer_store ({', '.join(parts)})")


def retried(work: Callable[[], Result], *, seconds: float = 60) -> Result:
    """The result of `work`, tried again while the catalogue is busy with another writer, for at most `seconds`."""
    until = time.monotonic() + seconds
    pause = 0.05
    while True:
        try:
            return work()
        except duckdb.Error as error:
            if not any(word in str(error) for word in _BUSY):
                raise
            if time.monotonic() > until:
                raise ReleaseError(
                    f"the layer's catalogue stayed busy for {seconds:.0f} s", found=str(error).splitlines()[0],
                    do="Run again; with many writers use a PostgreSQL catalogue (docs/how-to/layer.md).",
                ).told_as("layer_busy") from error  # fmt: skip
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 2.0)


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection, author: str, message: str, facts: dict[str, Any]) -> Iterator[None]:
    """One snapshot of the layer: all that is written within, or nothing. `facts` go into the commit's extra info."""
    con.execute("BEGIN TRANSACTION")
    try:
        yield
        con.execute(
            f"CALL lake.set_commit_message({quoted(author)}, {quoted(message)}, extra_info => {quoted(json.dumps(facts, sort_keys=True))})"
        )
        with _store_out_of_reach(con):
            con.execute("COMMIT")
    except BaseException:
        with suppress(duckdb.Error):  # a failed commit has ended the transaction already
            con.execute("ROLLBACK")
        raise


@contextmanager
def alone(con: duckdb.DuckDBPyConnection, settings: Settings, name: str, *, seconds: float = 3600) -> Iterator[None]:
    """Hold the layer's lock `name`: of two writers of one name the later waits, also in another process or machine.

    Two transactions that only add rows do not conflict in DuckLake, so two releases of one new period would both stay.
    Raises ReleaseError where another holds it for longer than `seconds`: it hangs, and so would whoever waits for it.
    """
    kind, _, place = settings.layer_catalogue.partition(":")
    if kind == "postgres":
        guard = con.cursor()  # a transaction of its own, whose end frees the lock; so does a lost connection
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        asked = f"FROM postgres_query('layer_guard', 'SELECT CAST(pg_try_advisory_xact_lock({key}) AS text)')"
        try:
            with telling_no_login(kind, place):
                guard.execute(f"ATTACH IF NOT EXISTS {quoted(place)} AS layer_guard (TYPE postgres)")
                guard.execute("BEGIN")
                _wait_for(lambda: guard.execute(asked).fetchone() == ("true",), name, seconds)
                yield
        finally:
            # Ended by hand: closed with its transaction open, over a server that has died, it would end this process.
            with suppress(duckdb.Error):
                guard.execute("ROLLBACK")
            guard.close()
    else:
        folder = Path(place).parent / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("a") as file:
            _wait_for(lambda: _locked(file), name, seconds)
            yield


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_for(taken: Callable[[], bool], name: str, seconds: float) -> None:
    """Ask for a lock until it is taken. Raises ReleaseError after so many seconds."""
    until, pause = time.monotonic() + seconds, 0.02
    while not taken():
        if time.monotonic() > until:
            raise ReleaseError(
                f"the layer stayed busy for {seconds:.0f} s: another writer of the same dataset does not end", where=name,
                do="See which run or command of it still lasts, and end it; then run again.",
            ).told_as("layer_busy")  # fmt: skip
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


@contextmanager
def _store_out_of_reach(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep DuckLake from removing a transaction's files when it cannot know whether its commit came through.

    It takes a catalogue that ends within COMMIT for a failed commit and deletes the files of its rows; where the
    catalogue had them on disk, the layer then names files that are gone. A commit itself needs nothing of the object
    store; files that no snapshot names are swept later (ducklake_delete_orphaned_files).
    """
    known = dict(
        con.execute("SELECT name, value FROM duckdb_settings() WHERE name IN ('http_proxy', 'http_retries')").fetchall()
    )
    if "http_retries" not in known:  # no httpfs: the files are local
        yield
        return
    con.execute(f"SET http_proxy = '{_NOWHERE}'")
    con.execute("SET http_retries = 0")
    try:
        yield
    finally:
        con.execute(f"SET http_proxy = {quoted(known['http_proxy'] or '')}")
        con.execute(f"SET http_retries = {known['http_retries']}")
