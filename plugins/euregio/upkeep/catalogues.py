"""The layer's catalogue as files: taken as of one instant beside writers, and put back; SQLite by itself, PostgreSQL by pg_dump."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import connect, quoted

#: Data files and delete files of all snapshots that a catalogue keeps, with the folders of their tables.
_NAMED = (
    "SELECT t.path AS table_path, s.path AS schema_path, f.path AS file_path, f.path_is_relative, f.file_size_bytes FROM ("
    "SELECT table_id, path, path_is_relative, file_size_bytes FROM ducklake_data_file UNION "
    "SELECT table_id, path, path_is_relative, file_size_bytes FROM ducklake_delete_file) AS f "
    "JOIN (SELECT DISTINCT table_id, schema_id, path FROM ducklake_table) AS t ON t.table_id = f.table_id "
    "JOIN (SELECT DISTINCT schema_id, path FROM ducklake_schema) AS s ON s.schema_id = t.schema_id"
)
#: What a dump of DuckLake's tables holds of psql's own commands and of data (`\\.` ends them). In the rest no backslash
#: is sound, nor a quotation, comment or text that would hide where data begin: psql would run what follows as a command.
_FENCE = re.compile(rb"\\(un)?restrict [A-Za-z0-9]+")
_DATA = re.compile(rb'COPY public\."?ducklake_[A-Za-z0-9_]+"? \([A-Za-z0-9_", ]*\) FROM stdin;')
_HIDES = re.compile(rb"\\|/\*|\$")
#: Begins the first line of a dump: a comment for psql, and the list of data files.
_LIST = "-- euregio: data files "
_PASSWORD = re.compile(r"\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S+)")
_URI_PASSWORD = re.compile(r"(://[^:/@]*):([^@/]*)@")


class Catalogue(ABC):
    """A catalogue of one kind. `file` is its name in a back-up, `where` its place without secrets."""

    file: str
    where: str

    @abstractmethod
    def exists(self) -> bool:
        """Whether there is a layer."""

    @abstractmethod
    def take(self, folder: Path) -> dict[str, int]:
        """Write it as of one instant into `folder`; gives size in bytes of each data file that it names, by path."""

    @abstractmethod
    def named(self, folder: Path) -> dict[str, int]:
        """The same of a catalogue that was taken into `folder`."""

    @abstractmethod
    def put_back(self, folder: Path, data_path: str) -> None:
        """Put a taken one in place, with its data at `data_path`: all or nothing."""


def catalogue_of(settings: Settings) -> Catalogue:
    """The catalogue of an installation. Raises EuregioError for a kind that is not copied."""
    kind, _, place = settings.layer_catalogue.partition(":")
    if kind == "sqlite":
        return Sqlite(Path(place))
    if kind == "postgres":
        return Postgres(place, settings)
    raise EuregioError("a catalogue of this kind is not backed up", found=kind, expected="sqlite, postgres")


@dataclass
class Sqlite(Catalogue):
    """A SQLite file."""

    path: Path
    file: str = "catalogue.sqlite"

    def __post_init__(self) -> None:
        self.where = str(self.path)

    def exists(self) -> bool:
        """As Catalogue says."""
        return self.path.exists()

    def take(self, folder: Path) -> dict[str, int]:
        """As Catalogue says."""
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(folder / self.file)) as copy:
            source.backup(copy)
        return self.named(folder)

    def named(self, folder: Path) -> dict[str, int]:
        """As Catalogue says."""
        with closing(sqlite3.connect(folder / self.file)) as con:
            return _places(con.execute(_NAMED).fetchall())

    def put_back(self, folder: Path, data_path: str) -> None:
        """As Catalogue says."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{self.path.name}.part")
        shutil.copyfile(folder / self.file, part)
        with closing(sqlite3.connect(part)) as copy, copy:
            copy.execute("UPDATE ducklake_metadata SET value = ? WHERE key = 'data_path'", (data_path,))
        os.replace(part, self.path)


@dataclass
class Postgres(Catalogue):
    """A database of a PostgreSQL server, by its connection string; with PostgreSQL's own pg_dump and psql."""

    conninfo: str
    settings: Settings
    file: str = "catalogue.sql.gz"
    where: str = field(default="the PostgreSQL catalogue", init=False)

    def exists(self) -> bool:
        """As Catalogue says. Raises EuregioError where the server does not answer."""
        return self._run("psql", "-X", "-At", "-c", "SELECT to_regclass('ducklake_metadata') IS NOT NULL") == "t"

    def take(self, folder: Path) -> dict[str, int]:
        """As Catalogue says. Dump and list are of one snapshot of the database, so the list is the dump's own."""
        con = connect(self.settings, "postgres_scanner")
        try:
            con.execute(f"ATTACH {quoted(self.conninfo)} AS held (TYPE postgres)")
            con.execute("BEGIN")
            (snapshot,) = self._ask(con, "SELECT pg_export_snapshot()")[0]
            named = _places(self._ask(con, _NAMED))
            plain = folder / "catalogue.sql"
            self._run(
                "pg_dump",
                "--no-owner",
                "--no-privileges",
                "--table=ducklake_*",
                f"--snapshot={snapshot}",
                f"--file={plain}",
            )
            con.execute("ROLLBACK")
        finally:
            con.close()
        # dump and list in one file: a back-up that is cut off cannot leave one of before beside one of now
        with plain.open("rb") as source, gzip.open(folder / self.file, "wb") as packed:
            packed.write(f"{_LIST}{json.dumps(named, sort_keys=True)}\n".encode())
            shutil.copyfileobj(source, packed)
        plain.unlink()
        return named

    def named(self, folder: Path) -> dict[str, int]:
        """As Catalogue says."""
        with gzip.open(folder / self.file, "rt", encoding="utf-8") as packed:
            first = packed.readline()
        if not first.startswith(_LIST):
            raise EuregioError(
                "this is no back-up of a layer", where=self.file, found="no list of data files in its first line"
            )
        return {str(place): int(size) for place, size in json.loads(first.removeprefix(_LIST)).items()}

    def put_back(self, folder: Path, data_path: str) -> None:
        """As Catalogue says: one transaction."""
        plain = folder / "catalogue.sql"
        with gzip.open(folder / self.file, "rb") as packed, plain.open("wb") as script:
            for line in _harmless(packed, self.file):
                script.write(line)
        # the dump leaves the search path empty
        then = f"UPDATE public.ducklake_metadata SET value = {quoted(data_path)} WHERE key = 'data_path'"
        options = ("-X", "-q", "--set=ON_ERROR_STOP=1", "--single-transaction")
        self._run("psql", *options, f"--file={plain}", "-c", then)

    def _ask(self, con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
        return con.execute(f"FROM postgres_query('held', {quoted(query)})").fetchall()

    def _run(self, program: str, *arguments: str) -> str:
        """Output of one of PostgreSQL's programs. The password travels in the environment: a process's words are public."""
        found = shutil.which(program, path=os.environ.get("EUREGIO_PG_BIN") or None)
        if found is None:
            raise EuregioError(
                f"{program} is not on this machine", do="Install PostgreSQL's client programs, at least of the server's version, "
                "and put them on the path, or name their folder in EUREGIO_PG_BIN.",
            )  # fmt: skip
        conninfo, password = without_password(self.conninfo)
        environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
        done = subprocess.run(
            [found, f"--dbname={conninfo}", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise EuregioError(f"{program} failed", where=self.where, found=said[-1] if said else done.returncode)
        return done.stdout.strip()


def _harmless(dump: Iterable[bytes], where: str) -> Iterator[bytes]:
    """The lines of a dump. Raises EuregioError for one that psql would take for a command of its own: a back-up that
    somebody changed would run programs on this machine."""
    in_data = False
    for number, line in enumerate(dump, 1):
        text = line.rstrip(b"\r\n")
        if in_data:
            in_data = text != rb"\."
        elif _DATA.fullmatch(text):
            in_data = True
        elif (
            number > 1
            and not _FENCE.fullmatch(text)
            and (_HIDES.search(text) or any(text.count(sign) % 2 for sign in (b"'", b'"')))
        ):
            raise EuregioError(
                "this is no dump of a layer's catalogue: it holds a command", where=f"{where} line {number}",
                do="The back-up was changed, or is another program's. Use one that is sound.",
            )  # fmt: skip
        yield line


def without_password(conninfo: str) -> tuple[str, str | None]:
    """A libpq connection string (words or URI) without its password, and that password."""
    if "://" in conninfo:
        from urllib.parse import unquote

        found = _URI_PASSWORD.search(conninfo)
        return _URI_PASSWORD.sub(r"\1@", conninfo), unquote(found[2]) if found else None
    found = _PASSWORD.search(conninfo)
    if found is None:
        return conninfo, None
    text = re.sub(r"\\(.)", r"\1", found[1][1:-1] if found[1].startswith("'") else found[1])
    return " ".join(_PASSWORD.sub("", conninfo).split()), text


def _places(rows: list[tuple[object, ...]]) -> dict[str, int]:
    places: dict[str, int] = {}
    for table, schema, path, is_relative, size in rows:
        if not is_relative:
            raise EuregioError("a data file lies outside of the layer's data path", where=str(path))
        places[f"{schema}{table}{path}"] = int(str(size))
    return places
