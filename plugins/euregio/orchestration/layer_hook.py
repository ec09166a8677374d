"""The layer for other people's DAGs: a hook that opens it read-only, from an Airflow connection or from our settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook

from euregio.errors import EuregioError
from euregio.orchestration.provider import LAYER
from euregio.settings import Settings

if TYPE_CHECKING:
    import duckdb

#: Fields of the form that say where the layer's files are, by the names that Settings gives them.
_STORE = {"endpoint": "s3_endpoint", "region": "s3_region", "key": "s3_key", "secret": "s3_secret"}


@dataclass(frozen=True)
class ConnectionSettings(Settings):
    """Settings whose layer is a connection's; `store` is its access to the object store."""

    store: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def s3_options(self) -> dict[str, str]:
        """The connection's own; what the environment says of another store counts nothing."""
        return self.store


class LayerHook(BaseHook):
    """Opens the layer read-only.

        with LayerHook().conn() as con:
            con.sql("SELECT nuts_code, value FROM indicators.value").show()

    `euregio_layer_conn_id` names an Airflow connection of the type *Euregio layer*; None is the layer of this
    installation's settings (EUREGIO_LAYER_CATALOGUE, EUREGIO_LAYER_DATA, EUREGIO_S3_*).
    """

    conn_name_attr = "euregio_layer_conn_id"
    default_conn_name = LAYER
    conn_type = LAYER
    hook_name = "Euregio layer"

    def __init__(self, euregio_layer_conn_id: str | None = LAYER, logger_name: str | None = None) -> None:
        super().__init__(logger_name=logger_name)
        self.euregio_layer_conn_id = euregio_layer_conn_id
        self._open = ExitStack()

    def settings(self) -> Settings:
        """Where the layer is. Raises EuregioError for a connection that does not say it, or says it twice."""
        if self.euregio_layer_conn_id is None:
            return Settings()
        return settings_of(self.get_connection(self.euregio_layer_conn_id))

    @contextmanager
    def conn(self, snapshot: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A DuckDB connection that reads and cannot write, the layer its current database, named `lake`; as it stood
        at `snapshot` where given. Raises EuregioError where it cannot be opened."""
        from euregio.storage.layer import open_layer

        with open_layer(self.settings(), snapshot=snapshot) as con:
            yield con

    def get_conn(self) -> duckdb.DuckDBPyConnection:
        """The same without `with`: it stays open until `close`, or until the task's process ends."""
        return self._open.enter_context(self.conn())

    def close(self) -> None:
        """Close what `get_conn` opened."""
        self._open.close()

    def test_connection(self) -> tuple[bool, str]:
        """Whether the layer can be opened and a file of it read, and in one line what is there or what is wrong."""
        secrets: list[str] = []
        try:
            settings = self.settings()
            secrets = _secrets_of(
                settings, self.euregio_layer_conn_id and self.get_connection(self.euregio_layer_conn_id)
            )
            from euregio.storage.layer import open_layer

            with open_layer(settings) as con:
                return True, _found(con)
        except EuregioError as error:
            return False, _line(_words(error), secrets)
        except Exception as error:  # DuckDB's own words name the address and what it answered
            return False, _line(f"The layer cannot be read: {error}", secrets)


def settings_of(connection: Any) -> Settings:
    """The settings of a connection of the type *Euregio layer*. Raises EuregioError where it does not say where it is."""
    extra = {name: str(value).strip() for name, value in (connection.extra_dejson or {}).items() if value}
    file, data = extra.get("catalogue", ""), extra.get("data_path", "")
    if bool(connection.host) == bool(file):
        raise EuregioError(
            "the connection names no catalogue" if not file else "the connection names two catalogues",
            expected="either a PostgreSQL server or a catalogue file",
        )
    if file and not file.startswith(("sqlite:", "duckdb:")):
        raise EuregioError("the catalogue file has no kind", expected="sqlite:PATH or duckdb:PATH")
    if not data:
        raise EuregioError("the connection names no data path", expected="a folder or s3://bucket/prefix")
    store = {ours: extra[name] for ours, name in _STORE.items() if name in extra}
    return ConnectionSettings(layer_catalogue=file or _postgres(connection), layer_data=data, store=store)


def _postgres(connection: Any) -> str:
    """libpq's connection string (keywords and quoted values)."""
    given = {
        "host": connection.host, "port": connection.port, "dbname": connection.schema or "layer", "user": connection.login,
        "password": connection.password, "connect_timeout": 10,
    }  # fmt: skip
    return "postgres:" + " ".join(f"{name}={_quoted(value)}" for name, value in given.items() if value)


def _quoted(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _found(con: duckdb.DuckDBPyConnection) -> str:
    """What the layer holds, in one line. Reads a row of its largest table, so that the store's key is tried too."""
    tables = con.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'lake' ORDER BY estimated_size DESC, 1, 2"
    ).fetchall()
    if not tables:
        return "The catalogue answers; the layer has no tables yet."
    from euregio.storage.duck import identifier

    con.execute(f"SELECT 1 FROM lake.{identifier(tables[0][0])}.{identifier(tables[0][1])} WHERE random() >= 0 LIMIT 1")
    last = con.execute(
        "SELECT snapshot_id, strftime(CAST(snapshot_time AS TIMESTAMPTZ), '%Y-%m-%d %H:%M UTC') FROM ducklake_snapshots('lake') "
        "ORDER BY snapshot_id DESC LIMIT 1"
    ).fetchone()
    said = f"; the last snapshot is {last[0]} of {last[1]}" if last else ""
    return f"The layer is there: {len(tables)} tables{said}. It was opened to read only."


def _secrets_of(settings: Settings, connection: Any) -> list[str]:
    """What no message may hold: longest first, so that a part of another is not left over."""
    named = [settings.s3_options.get("secret"), connection.password if connection else None]
    if settings.layer_catalogue.startswith("postgres:"):
        named.append(settings.layer_catalogue.partition(":")[2])
    return sorted((each for each in named if each), key=len, reverse=True)


def _words(error: EuregioError) -> str:
    """The error's own line; of one from PostgreSQL what its client library says, which stands at the end of many words."""
    said = re.search(r"(connection to server .*|could not translate .*)", str(error.found or ""))
    return f"{error.what}: {said[1]}" if said else str(error)


def _line(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    first = next((line for line in text.splitlines() if line.strip()), "the layer cannot be opened")
    return first[:1].upper() + first[1:]
