"""The `euregio` command."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from euregio.cli_operation import add_operation
from euregio.commands.terminal import plain_terminal
from euregio.errors import EuregioError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 0, 1 (a run failed) or 2 (what was given is wrong, with one clear line)."""
    given = _parser().parse_args(arguments)
    try:
        with plain_terminal():
            code = int(given.run(given) or 0)
            sys.stdout.flush()
        return code
    except EuregioError as error:
        return _say(str(error), 2)
    except BrokenPipeError:
        # nobody reads on: what is still buffered goes nowhere, and nothing more is said
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _say("interrupted", 130)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _say(f"{place}{error.strerror or error}", 2)
    except Exception as error:
        if os.environ.get("EUREGIO_DEBUG") or not type(error).__module__.endswith("duckdb"):
            raise
        return _say(f"{error} (EUREGIO_DEBUG=1 tells where)", 1)


def _say(text: str, code: int) -> int:
    print("euregio: " + " ".join(text.split()), file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="euregio", description="A cross-border data layer for digital twins.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    trial = commands.add_parser("try", help="decode, check and harmonise a local file, without touching the layer")
    trial.add_argument("--format", required=True, help="wire format; `euregio formats` lists them")
    trial.add_argument("--country", help="ISO code, for files that do not say their country")
    trial.add_argument("--time-zone", help="IANA zone of times without an offset, such as Europe/Berlin")
    trial.add_argument("--json", action="store_true", help="print JSON")
    trial.add_argument("--table", help="show this table only; all that the file gives are shown else")
    trial.add_argument("--rows", type=int, default=5, help="how many of the first rows to print")
    trial.add_argument("file", type=Path)
    trial.set_defaults(run=_try)

    formats = commands.add_parser("formats", help="list the wire formats")
    formats.add_argument("--json", action="store_true", help="print JSON")
    formats.set_defaults(run=_formats)

    listing = commands.add_parser("datasets", help="list the declared datasets")
    listing.set_defaults(run=_datasets)

    whole = commands.add_parser("run", help="the main job: every DAG of a profile through Airflow, then the indicators")
    whole.add_argument("--profile", default=None, help="sandbox, files or live (EUREGIO_PROFILE)")
    whole.set_defaults(run=_run)

    ui = commands.add_parser("ui", help="the Airflow UI on the same state; prints address and log-in")
    ui.add_argument("--profile", default=None, help="sandbox, files or live (EUREGIO_PROFILE)")
    ui.set_defaults(run=_ui)

    # with a prefix that no one types, all that follows (--help, -d) is Airflow's
    airflow = commands.add_parser(
        "airflow", add_help=False, prefix_chars="\0",
        help="any command of Airflow on that state, such as: backfill create …, dags trigger …",
    )  # fmt: skip
    airflow.add_argument("arguments", nargs=argparse.REMAINDER)
    airflow.set_defaults(run=_airflow)

    sql = commands.add_parser("sql", help="query the shared layer (read-only unless --write)")
    sql.add_argument("query", nargs="?", help="one SQL query; a prompt opens where none is given")
    sql.add_argument(
        "--as", dest="form", choices=("table", "csv", "json"), default="table", help="how rows are printed"
    )
    sql.add_argument(
        "--snapshot", type=int, help="the layer as it stood at this snapshot (catalogue.release.snapshot_id)"
    )
    sql.add_argument("--write", action="store_true", help="open for writing: for repairs, not for analysis")
    sql.set_defaults(run=_sql)

    explain = commands.add_parser("explain", help="trace an indicator's value: datasets, rows, licences, definition")
    explain.add_argument("indicator", help="indicator id, such as point_density")
    explain.add_argument("region", help="region id, such as upper-rhine")
    explain.add_argument("--side", help="one side, `whole`, or a contrast such as de:fr")
    explain.add_argument("--rows", action="store_true", help="list the rows behind the value")
    explain.add_argument("--json", action="store_true", help="print JSON")
    explain.set_defaults(run=_explain)

    summary = commands.add_parser("summary", help="indicators per region, verdict counts, and where things are")
    summary.set_defaults(run=_summary)

    quarantine = commands.add_parser(
        "quarantine", help="rows of a dataset's latest release that were kept back, by reason"
    )
    quarantine.add_argument("dataset")
    quarantine.add_argument("--rows", type=int, default=20, help="how many rows to list")
    quarantine.set_defaults(run=_quarantine)

    check = commands.add_parser("check", help="validate every declaration, contract, suite and generated document")
    check.set_defaults(run=_check)

    docs = commands.add_parser(
        "docs", help="write what is generated: JSON Schemas, data dictionary, the pages of indicators and alerts"
    )
    docs.set_defaults(run=_docs)

    add_operation(commands)
    return parser


def _try(given: argparse.Namespace) -> int:
    from euregio.commands.trial import try_file
    from euregio.commands.trial_text import lines_of
    from euregio.settings import Settings

    trial = try_file(
        given.format, given.file, Settings(), country=given.country, time_zone=given.time_zone, first=given.rows
    )
    lines = list(lines_of(trial, given.file.name, given.table, shutil.get_terminal_size((120, 24)).columns))
    if given.json:
        print(json.dumps(trial.to_json(), default=str, ensure_ascii=False))
    else:
        print("\n".join(lines))
    return 0


def _formats(given: argparse.Namespace) -> int:
    from euregio.extract.decode.registry import formats
    from euregio.harmonise.run import tables_of

    found = [{**vars(item), "tables": tables_of(item.name)} for item in formats().values()]
    if given.json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for item in found:
            print(f"{item['name']:<22} {', '.join(item['tables']):<40} {item['title']}")
    return 0


def _datasets(_given: argparse.Namespace) -> int:
    from euregio.declarations.datasets import load_datasets

    for dataset in load_datasets():
        licence = dataset.licence.id if dataset.licence else "no licence: stays in its zone"
        print(f"{dataset.id:<40} {dataset.format:<22} {dataset.rhythm:<6} {licence}")
    return 0


def _run(given: argparse.Namespace) -> int:
    from euregio.commands.summary import print_summary
    from euregio.orchestration import runner
    from euregio.settings import Settings

    profile = given.profile or Settings().profile
    try:
        outcome = runner.run(profile)
    except KeyboardInterrupt:
        print("euregio: interrupted, everything is ended", file=sys.stderr)
        return 130
    print()
    print_summary(Settings())
    print(f"\n{len(outcome.done)} runs in {outcome.seconds:.0f} s, {len(outcome.failed)} failed")
    return 1 if outcome.failed else 0


def _ui(given: argparse.Namespace) -> int:
    from euregio.orchestration import runner
    from euregio.settings import Settings

    runner.ui(given.profile or Settings().profile)
    return 0


def _airflow(given: argparse.Namespace) -> int:
    from euregio.orchestration import runner
    from euregio.settings import Settings

    return runner.airflow_command(Settings().profile, given.arguments)


def _sql(given: argparse.Namespace) -> int:
    from euregio.commands.console import prompt, run_query
    from euregio.settings import Settings
    from euregio.storage.layer import open_layer

    with open_layer(Settings(), read_only=not given.write, snapshot=given.snapshot) as con:
        if given.query:
            run_query(con, given.query, given.form, write=given.write)
        else:
            prompt(con, write=given.write)
    return 0


def _explain(given: argparse.Namespace) -> int:
    from euregio.indicators.explain import explain
    from euregio.settings import Settings
    from euregio.storage.layer import open_layer

    with open_layer(Settings()) as con:
        found = explain(con, given.indicator, given.region, side=given.side, rows=given.rows)
    print(json.dumps(found.to_json(), default=str, ensure_ascii=False) if given.json else found.text())
    return 0


def _summary(_given: argparse.Namespace) -> int:
    from euregio.commands.summary import print_summary
    from euregio.settings import Settings

    print_summary(Settings())
    return 0


def _quarantine(given: argparse.Namespace) -> int:
    from euregio.commands.quarantine import quarantined

    for line in quarantined(given.dataset, given.rows, shutil.get_terminal_size((120, 24)).columns):
        print(line)
    return 0


def _check(_given: argparse.Namespace) -> int:
    from euregio.commands.checkup import checkup

    problems = checkup(print)
    for problem in problems:
        print(f"euregio: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _docs(_given: argparse.Namespace) -> int:
    from euregio.commands import generated

    for path in generated.write():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
