"""What a publisher's text, a name from the environment or a back-up could do to who sits at the terminal."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest

from euregio.commands.console import run_query
from euregio.commands.terminal import account, plain_terminal
from euregio.errors import EuregioError, ReleaseError
from euregio.settings import Settings
from euregio.storage.layer import alone, open_layer
from euregio.upkeep.catalogues import Postgres
from euregio.upkeep.stores import Folder, copy

LIST = b"-- euregio: data files {}\n"
DUMP = b"""--
-- PostgreSQL database dump
--

\\restrict AbC123

SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

-- Name: ducklake_tag; Type: TABLE; Schema: public; Owner: -

CREATE TABLE public.ducklake_tag (
    object_id bigint,
    key character varying DEFAULT 'a''b'::character varying
);

COPY public.ducklake_tag (object_id, key, "value") FROM stdin;
1\tcomment\tIt's 5 $ /* in \\n two lines
2\t\\N\t\\\\! not a command
\\.

ALTER TABLE ONLY public.ducklake_tag ADD CONSTRAINT k PRIMARY KEY (object_id);
\\unrestrict AbC123
"""


class Pipe(io.TextIOWrapper):
    """Output that is remembered."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")

    def said(self) -> str:
        self.flush()
        self.seek(0)
        return self.read()


class Terminal(Pipe):
    """As a person sees it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/l/c.sqlite", layer_data=f"{tmp_path}/l/data")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_terminal_obeys_no_publishers_text(settings: Settings, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    query = "SELECT 'a' || chr(27) || '[2Jb' || chr(155) || '2J' || chr(8238) || 'c' AS name"
    with open_layer(settings, read_only=False) as con:
        for kind, shown in ((Terminal, True), (Pipe, False)):
            out = kind()
            monkeypatch.setattr(sys, "stdout", out)
            with plain_terminal():
                run_query(con, query, form)
            said = out.said()
            assert not (shown and any(sign in said for sign in "\x1b\x9b\u202e"))
            assert shown or form == "table" or "\u202e" in said, "a file or pipe gets the data as they are"


def test_the_account_is_not_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "stella")
    assert account() == pwd.getpwuid(os.getuid()).pw_name != "stella"
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    assert account() == "uid 987654"


@pytest.mark.parametrize(
    "query",
    [
        "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)", "FROM lake.cleanup_old_files()", "CHECKPOINT lake",
        'SELECT 1; CALL "ducklake_delete_orphaned_files"(\'lake\')', "call DUCKLAKE_DELETE_ORPHANED_FILES('lake')",
        "SELECT 1;\n  checkpoint;",
    ],
)  # fmt: skip
def test_a_prompt_for_reading_removes_no_files(settings: Settings, query: str) -> None:
    with open_layer(settings, read_only=False) as con:
        with pytest.raises(EuregioError, match="removes files"):
            run_query(con, query)
        run_query(con, "CALL ducklake_cleanup_old_files('lake', cleanup_all => true)", write=True)


def test_who_waits_for_a_writer_that_hangs_waits_for_a_time_only(settings: Settings) -> None:
    with open_layer(settings, read_only=False) as con:
        with (
            alone(con, settings, "d"),
            pytest.raises(ReleaseError, match="stayed busy") as busy,
            alone(con, settings, "d", seconds=0.1),
        ):
            raise AssertionError("both hold it")
        assert busy.value.facts["kind"] == "layer_busy", "so a task tries again"
        with alone(con, settings, "d"), alone(con, settings, "another"):
            pass
        with alone(con, settings, "d", seconds=0.1):
            pass


def restored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dump: bytes) -> list[str]:
    """What psql is given for a back-up with this dump."""
    tools, folder = tmp_path / "bin", tmp_path / "backup"
    tools.mkdir(exist_ok=True)
    folder.mkdir(exist_ok=True)
    psql = tools / "psql"
    psql.write_text(
        f'#!/bin/sh\nfor a in "$@"; do case "$a" in --file=*) cat "${{a#--file=}}" >> {tmp_path}/ran;; esac; done\n'
    )
    psql.chmod(psql.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("EUREGIO_PG_BIN", str(tools))
    with gzip.open(folder / "catalogue.sql.gz", "wb") as packed:
        packed.write(LIST + dump)
    (tmp_path / "ran").write_text("")
    Postgres("dbname=layer", Settings(home=tmp_path)).put_back(folder, "/data/")
    return (tmp_path / "ran").read_text().splitlines()


def test_a_sound_dump_is_put_back_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert restored(tmp_path, monkeypatch, DUMP) == (LIST + DUMP).decode().splitlines()


@pytest.mark.parametrize(
    "command",
    [
        b"\\! touch /tmp/owned\n", b"SELECT 1 \\! touch /tmp/owned\n", b"\\copy t TO PROGRAM 'id'\n", b"SELECT 'id' \\gexec\n",
        b"/*\nCOPY public.ducklake_tag (object_id) FROM stdin;\n*/ \\! id\n\\.\n",
        b"SELECT '\nCOPY public.ducklake_tag (object_id) FROM stdin;\n' \\! id\n\\.\n",
        b"SELECT $a$\nCOPY public.ducklake_tag (object_id) FROM stdin;\n$a$ \\! id\n\\.\n",
        b'SELECT "\nCOPY public.ducklake_tag (object_id) FROM stdin;\n" \\! id\n\\.\n',
        b"COPY public.other (a) FROM stdin;\n\\! id\n\\.\n", b"\\restrict x; \\! id\n", b"\\o |id\n", b"\\i /etc/passwd\n",
    ],
)  # fmt: skip
def test_a_dump_with_a_command_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: bytes) -> None:
    for dump in (command + DUMP, DUMP + command, DUMP.replace(b"\nALTER", b"\n" + command + b"\nALTER")):
        with pytest.raises(EuregioError, match="holds a command"):
            restored(tmp_path, monkeypatch, dump)
        assert (tmp_path / "ran").read_text() == ""


@pytest.mark.parametrize("place", ["../../owned", "/etc/owned", "core/../../owned", "core/x\x00"])
def test_a_back_up_writes_below_its_target_only(tmp_path: Path, place: str) -> None:
    class Elsewhere(Folder):
        """As an object store: any key is a name."""

        def local(self, *_: object) -> Path | None:
            return None

        def fetch(self, _place: str, to: Path) -> None:
            to.write_bytes(b"owned")

    (tmp_path / "a" / "data").mkdir(parents=True)
    with pytest.raises(EuregioError, match="leads out"):
        copy(place, 5, Elsewhere(str(tmp_path / "s")), Folder(str(tmp_path / "a" / "data")))
    assert not list(tmp_path.rglob("owned"))


def test_a_catalogue_that_names_files_elsewhere_is_not_restored(settings: Settings, tmp_path: Path) -> None:
    from euregio.upkeep.backup import back_up, restore

    with open_layer(settings, read_only=False) as con:
        con.execute("CREATE TABLE core.t AS SELECT range AS i FROM range(3000)")
    back_up(settings, tmp_path / "copy")
    for change in ("UPDATE ducklake_schema SET path = '/etc/'", "UPDATE ducklake_data_file SET path = '../../../x'"):
        with closing(sqlite3.connect(tmp_path / "copy" / "catalogue.sqlite")) as catalogue, catalogue:
            catalogue.execute(change)
        other = Settings(
            home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/n/c.sqlite", layer_data=f"{tmp_path}/n/data"
        )
        with pytest.raises(EuregioError, match=r"leads out|outside"):
            restore(other, tmp_path / "copy")
        assert not Path(tmp_path / "n" / "c.sqlite").exists()
