"""Secrets of publishers, store, databases, mail and log-in are nowhere but where they were put, also after runs that failed."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.message import EmailMessage
from functools import partial
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from guarded_airflow import COMPLAINS, FAILING, NAME, REFUSES, Guarded
from secret_scan import Scan, forms

from euregio.storage.layer import open_layer
from euregio.storage.zone_s3 import s3_filesystem

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1200)]
#: What the set-up itself keeps secret, in files that only their owner reads.
OWN_FILES = ("secrets.json", "passwords.json")


def files(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """Logs of tasks and processes, what Airflow and Euregio keep on disk, the project. Not the vault."""
    for top in ("home", "logs", "servers/logs", "project"):
        for path in sorted((up.root / top).rglob("*")):
            if path.is_file() and path.name not in OWN_FILES:
                yield f"file {path.relative_to(up.root)}", path.read_bytes()


def databases(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """Airflow's metadata (XCom, runs, audit log, sessions), the catalogue, the journal."""
    for name in ("airflow", "layer", "journal"):
        dump = up.under.postgres.dump(name)
        assert len(dump) > 1000
        yield f"database {name}", dump


def objects(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """Every object of the store; of Parquet, which is packed, its values too."""
    fs = s3_filesystem(up.settings.s3_options)
    with open_layer(up.settings) as con:
        for bucket in ("zones", "layer"):
            for path in fs.find(bucket):
                yield f"object {path}", fs.cat_file(path)
                if path.endswith(".parquet"):
                    con.execute(f"SELECT to_json(one) FROM read_parquet('s3://{path}') one")
                    yield f"values of {path}", "\n".join(str(row) for (row,) in con.fetchall()).encode()


def layer(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """All rows of all tables of the layer, and what its snapshots say."""
    with open_layer(up.settings) as con:
        places = con.execute(
            "SELECT schema_name || '.' || table_name FROM duckdb_tables() WHERE database_name = 'lake'"
        ).fetchall()
        for (place,) in places:
            rows = con.execute(f"SELECT CAST(one AS VARCHAR) FROM {place} one").fetchall()
            yield f"table {place}", "\n".join(str(row) for (row,) in rows).encode()
        yield "snapshots", str(con.execute("FROM ducklake_snapshots('lake')").fetchall()).encode()


def mails(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """Mails as they came, and their parts unpacked."""
    for mail in up.mail.mails:
        parts = [part.get_payload(decode=True) or b"" for part in mail.walk() if not part.is_multipart()]
        yield f"mail {mail['Subject']}", b"\n".join([mail.as_bytes(), *parts])


def pages(up: Guarded) -> Iterator[tuple[str, bytes]]:
    """Every page that links lead to, the same as JSON, and Airflow's own API, all as an administrator sees them."""
    with up.client("admin") as client:
        waiting, seen = ["/euregio/datasets", "/euregio/incidents", "/euregio/layer"], set[str]()
        while waiting:
            path = waiting.pop()
            seen.add(path)
            answer = client.get(path)
            yield f"page {path}", answer.content + str(answer.headers.multi_items()).encode()
            links = (
                re.findall(r'href="(/euregio/[^"#]*)', answer.text) if "html" in answer.headers["content-type"] else []
            )
            for link in links:
                for one in (link, link.replace("/euregio/", "/euregio/api/", 1)):
                    if "atlas" not in one and "api/api" not in one and one not in seen and one not in waiting:
                        waiting.append(one)
        api = f"/api/v2/dags/{NAME}"
        for path in ("/api/v2/connections", "/api/v2/config", "/api/v2/eventLogs?limit=500", "/api/v2/plugins",
                     "/api/v2/assets/events", "/api/v2/importErrors", f"{api}/details", f"{api}/dagRuns?limit=100"):  # fmt: skip
            yield f"API {path}", client.get(path).content
        for run in client.get(f"{api}/dagRuns?limit=100").json()["dag_runs"]:
            tasks = f"{api}/dagRuns/{quote(run['dag_run_id'], safe='')}/taskInstances"
            yield f"API {tasks}", client.get(tasks).content
            for task in ("extract", "check", "harmonise", "release"):
                yield f"log {tasks}/{task}", client.get(f"{tasks}/{task}/logs/1?full_content=true").content
                entries = client.get(f"{tasks}/{task}/xcomEntries").json().get("xcom_entries", [])
                for key in (one["key"] for one in entries):
                    yield f"XCom {tasks}/{task}/{key}", client.get(f"{tasks}/{task}/xcomEntries/{key}").content


def processes(_up: Guarded) -> Iterator[tuple[str, bytes]]:
    """What anybody on the machine reads of our processes: their commands."""
    for process in psutil.Process(os.getpid()).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            yield f"command of {process.pid}", " ".join(process.cmdline()).encode()


EVERYWHERE = (files, databases, objects, layer, mails, pages, processes)


@pytest.fixture(scope="module")
def everything(guarded: Guarded) -> dict[str, list[tuple[str, bytes]]]:
    """All places of each kind, gathered once: there are many pages and objects."""
    return {kind.__name__: list(kind(guarded)) for kind in EVERYWHERE}


@pytest.mark.parametrize("kind", [kind.__name__ for kind in EVERYWHERE])
def test_no_secret_stands_where_it_was_not_put(guarded: Guarded, everything: dict[str, Any], kind: str) -> None:
    assert len(everything[kind]) >= 2, "there is something to look at"
    complaint = landed_complaint(guarded)
    assert [one for one in Scan(guarded.planted).over(everything[kind]) if complaint not in one] == []


def landed_complaint(up: Guarded) -> str:
    """Name of the one file that holds a token: a publisher's complaint, landed byte by byte as it came (fetch.md)."""
    token, other = up.planted["token in a header"], up.planted["token in an address"]
    said = f"no such key {token}, /{COMPLAINS}.csv?access={quote(other, safe='')}".encode()
    return hashlib.sha256(b"\n".join([said] * 3)).hexdigest()


def test_the_only_exception_is_what_a_publisher_wrote_into_its_own_answer(
    guarded: Guarded, everything: dict[str, Any]
) -> None:
    found = list(Scan(guarded.planted).over(everything["objects"]))
    assert len(found) == 1
    assert landed_complaint(guarded) in found[0]


def test_the_runs_that_failed_told_of_it_in_all_places_without_the_secret(
    guarded: Guarded, everything: dict[str, Any]
) -> None:
    """The scan looks where a leak would be: the words around the secret are there, it is not."""
    told = re.compile(r"no header with the format's columns.{0,200}\*\*\*", re.DOTALL)
    for kind in ("files", "databases", "mails", "pages"):
        texts = (html.unescape(content.decode("utf-8", "replace")) for _, content in everything[kind])
        assert any(told.search(text) for text in texts), kind
    assert len(guarded.mail.mails) >= len(FAILING)


def test_a_connection_of_the_secrets_backend_opened_the_publisher(guarded: Guarded) -> None:
    """Both tokens came to it on each day, and from nowhere but the backend's file."""
    asked = dict(guarded.publisher.asked)
    assert set(asked.values()) == {"both"}
    assert REFUSES in asked
    given = json.dumps(guarded.installation.environment)
    for name in ("token in a header", "token in an address", "SMTP password"):
        assert guarded.planted[name] not in given
    assert b"office_api" not in guarded.under.postgres.dump("airflow").split(b"COPY public.connection ", 1)[1][:2000]


def plants(up: Guarded, text: str) -> Iterable[tuple[Any, Any, Any]]:
    """How secrets are put into each kind of place, and taken away again; each is `text` and a number."""
    psql, fs = up.under.postgres.psql, s3_filesystem(up.settings.s3_options)
    log, coded = (up.root / "home" / "airflow" / "logs" / name for name in ("planted.log", "coded.log"))

    def write(statement: str) -> None:
        with open_layer(up.settings, read_only=False) as con:
            con.execute(statement)

    mail = EmailMessage()
    mail["Subject"] = "planted"
    mail.set_content(f"{text}7", cte="base64")
    parquet = f"COPY (SELECT '{text}4' AS a FROM range(1000)) TO 's3://zones/planted.parquet' (COMPRESSION zstd)"
    table = f"CREATE TABLE core.planted AS SELECT '{text}6' AS a"
    yield files, lambda: log.write_text(f"asked {text}0\n"), log.unlink
    yield files, lambda: coded.write_bytes(b"x" + base64.b64encode(f"user:{text}1".encode())), coded.unlink
    for number, name in enumerate(("airflow", "journal"), 2):
        made = f"CREATE TABLE planted AS SELECT '{text}{number}' AS a"
        yield databases, partial(psql, made, name), partial(psql, "DROP TABLE planted", name)
    yield objects, partial(write, parquet), partial(fs.rm_file, "zones/planted.parquet")
    yield objects, partial(fs.pipe_file, "zones/planted.json", f'["{text}5"]'.encode()), partial(fs.rm_file, "zones/planted.json")  # fmt: skip
    yield layer, partial(write, table), partial(write, "DROP TABLE core.planted")
    yield mails, partial(up.mail.mails.append, mail), up.mail.mails.pop


def test_the_scan_finds_what_is_planted(guarded: Guarded) -> None:
    """Each way in each kind of place, with secrets of no other use."""
    text = "control/7d1c09+=%&ab51f2-"
    planned = list(plants(guarded, text))
    # the last characters tell them apart, so pieces of the rest are no proof
    seen = {number: forms(f"{text}{number}") for number in range(len(planned))}
    for kind in (files, databases, objects, layer, mails):
        mine = [number for number, plan in enumerate(planned) if plan[0] is kind]
        for number in mine:
            planned[number][1]()
        try:
            contents = [content for _, content in kind(guarded)]
        finally:
            for number in mine:
                planned[number][2]()
        for number in mine:
            assert any(form in content for form in seen[number] for content in contents), (kind.__name__, number)
        assert mine
    assert len(planned) == 8


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize("after", [b"", b"z", b"zy"])
def test_every_form_of_a_secret_is_recognised(before: bytes, after: bytes) -> None:
    secret = "s3/cr+et=%&~ with 'quotes'"
    scan = Scan({"it": secret, "another": "not this one, surely"})
    whole = before + secret.encode() + after
    for coded in (whole, base64.b64encode(whole), base64.urlsafe_b64encode(whole), whole.hex().encode()):
        assert scan.found(b"..." + coded + b"...") == {"it"}
    assert scan.found(b"..." + secret.encode()[3:23]) == {"it"}, "a piece"
    assert not scan.found(before + secret.encode()[:9] + after)
    assert min(map(len, forms(secret))) >= 24
