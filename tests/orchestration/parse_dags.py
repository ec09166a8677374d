"""Parses the DAG files as Airflow does and prints how it went; run in a process of its own by many_datasets.py.

What no parsing may do (open a socket, open DuckDB, read a Variable or a Connection) is counted and refused.
"""

import builtins
import json
import socket
import sqlite3
import sys
import time

calls: list[str] = []


def refused(what: str):
    def refuse(*_: object, **__: object):
        calls.append(what)
        raise AssertionError(f"{what} while a DAG file is parsed")

    return refuse


from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.sdk import Connection, Variable  # noqa: E402

socket.socket.connect = refused("socket.connect")  # type: ignore[method-assign]
socket.getaddrinfo = refused("socket.getaddrinfo")
sqlite3.connect = refused("sqlite3.connect")
Variable.get = refused("Variable.get")  # type: ignore[method-assign]
Connection.get = refused("Connection.get")  # type: ignore[method-assign]

HEAVY = ("duckdb", "pandas", "pyarrow", "lxml", "great_expectations", "s3fs", "httpx")
_import = builtins.__import__


def watched(name: str, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name.split(".")[0] in HEAVY and (globals or {}).get("__name__", "").startswith("euregio"):
        calls.append(f"import {name} by {globals['__name__']}")
    return _import(name, globals, locals, fromlist, level)


builtins.__import__ = watched
began, worked = time.perf_counter(), time.process_time()
bag = DagBag(dag_folder=sys.argv[1])
print(
    json.dumps(
        {
            "dags": len(bag.dags),
            "errors": bag.import_errors,
            "calls": calls,
            "seconds": time.perf_counter() - began,
            "processor_seconds": time.process_time() - worked,
        }
    )
)
