"""The `euregio` command."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from euregio.errors import EuregioError

if TYPE_CHECKING:
    from euregio.pipeline import Batch


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 0, 1 (a run failed) or 2 (what was given is wrong, with one clear line)."""
    given = _parser().parse_args(arguments)
    try:
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

    replay = commands.add_parser("replay", help="today's rules over yesterday's bytes: quarantined rows may return")
    replay.add_argument("dataset")
    replay.add_argument("--period", help="period of the release; the latest where none is given")
    replay.set_defaults(run=_replay)

    accept = commands.add_parser("accept", help="let a batch through that a gate holds, by your name and with a reason")
    accept.add_argument("dataset")
    accept.add_argument("period")
    accept.add_argument("--batch", required=True, help="name of the batch, as the gate's message tells it")
    accept.add_argument("--gates", required=True, help="which gates: volume, schema, identity, with commas between")
    accept.add_argument("--reason", required=True, help="why it is meant; it stays in quality.acceptance")
    accept.set_defaults(run=_accept)

    incidents = commands.add_parser(
        "incidents", help="what is wrong now: open incidents, the gravest first; one in full"
    )
    incidents.add_argument("incident", nargs="?", help="an incident's id: all that is known, and who was told")
    incidents.add_argument("--all", action="store_true", help="the closed ones too")
    incidents.add_argument("--dataset", help="of one dataset")
    incidents.set_defaults(run=_incidents)

    letter = commands.add_parser("letter", help="the letter to the publisher about an incident, in its language")
    letter.add_argument("incident")
    letter.add_argument("--language", help="de, en, es, fr or nl; that of the publisher's country where none is given")
    letter.set_defaults(run=_letter)

    diff = commands.add_parser(
        "diff", help="what a run or a replay would change in tables and indicators, before it does"
    )
    diff.add_argument("dataset")
    diff.add_argument("--period", help="period of the release to replay; the latest where none is given")
    diff.add_argument(
        "--fetch", action="store_true", help="fetch the publisher's bytes of --period instead of replaying"
    )
    diff.add_argument("--json", action="store_true", help="print JSON")
    diff.set_defaults(run=_diff)

    plan = commands.add_parser("plan", help="what changed declarations, contracts, suites and SQL touch")
    plan.add_argument("--against", default="HEAD", help="git reference to compare the working tree with")
    plan.add_argument("--json", action="store_true", help="print JSON")
    plan.set_defaults(run=_plan)

    retract = commands.add_parser("retract", help="withdraw a release, by your name and with a reason")
    retract.add_argument("dataset")
    retract.add_argument("period")
    retract.add_argument("--reason", required=True, help="why; it stays in catalogue.retraction")
    retract.set_defaults(run=_retract)

    check = commands.add_parser("check", help="validate every declaration, contract, suite and generated document")
    check.set_defaults(run=_check)
    docs = commands.add_parser("docs", help="write what is generated from declarations: JSON Schemas, data dictionary")
    docs.set_defaults(run=_docs)
    return parser


def _try(given: argparse.Namespace) -> int:
    from euregio.commands.trial import try_file
    from euregio.settings import Settings

    trial = try_file(
        given.format, given.file, Settings(), country=given.country, time_zone=given.time_zone, first=given.rows
    )
    if given.json:
        print(json.dumps(trial.to_json(), default=str, ensure_ascii=False))
        return 0
    print(f"{given.file.name}: {trial.records} records of {trial.format}, {trial.rows} rows of {trial.table}")
    print(
        f"  admitted {trial.admitted}, corrected {trial.corrected}, quarantined {trial.quarantined}; places checked against {trial.places}"
    )
    for reason, rows in trial.reasons.items():
        print(f"  {rows:>9}  {reason}")
    for row in trial.sample:
        print("  " + json.dumps({k: v for k, v in row.items() if v not in (None, [])}, default=str, ensure_ascii=False))
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
    from euregio.commands.summary import summary
    from euregio.orchestration import runner
    from euregio.settings import Settings

    profile = given.profile or Settings().profile
    try:
        outcome = runner.run(profile)
    except KeyboardInterrupt:
        print("euregio: interrupted, everything is ended", file=sys.stderr)
        return 130
    print()
    print(summary(Settings()))
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
            run_query(con, given.query, given.form)
        else:
            prompt(con)
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
    from euregio.commands.summary import summary
    from euregio.settings import Settings

    print(summary(Settings()))
    return 0


def _quarantine(given: argparse.Namespace) -> int:
    from euregio.commands.quarantine import quarantined

    for line in quarantined(given.dataset, given.rows):
        print(line)
    return 0


def _replay(given: argparse.Namespace) -> int:
    from euregio import again

    return _released(again.replay(given.dataset, given.period))


def _accept(given: argparse.Namespace) -> int:
    import getpass

    from euregio import again
    from euregio.gates import Acceptance

    gates = tuple(given.gates.split(","))
    word = Acceptance(given.batch, gates, given.reason, getpass.getuser())
    return _released(again.accept(given.dataset, given.period, word))


def _diff(given: argparse.Namespace) -> int:
    from euregio.commands.changes import difference_text, rehearsed

    found = rehearsed(given.dataset, given.period, fetch=given.fetch)
    print(json.dumps(found.to_json(), ensure_ascii=False) if given.json else difference_text(found))
    return 0


def _plan(given: argparse.Namespace) -> int:
    from euregio.changes.plan import changed_since, plan
    from euregio.commands.changes import plan_text

    found = plan(*changed_since(given.against))
    print(json.dumps(found.to_json(), ensure_ascii=False) if given.json else plan_text(found))
    return 1 if found.breaking else 0


def _retract(given: argparse.Namespace) -> int:
    import getpass

    from euregio.commands.changes import retract

    print(retract(given.dataset, given.period, getpass.getuser(), given.reason))
    return 0


def _released(batch: Batch) -> int:
    if batch.unchanged:
        print(f"{batch.dataset} {batch.period}: neither bytes nor rules have changed, the release stands")
    else:
        print(
            f"{batch.dataset} {batch.period}: {batch.rows} rows, admitted {batch.admitted}, corrected {batch.corrected}, "
            f"quarantined {batch.quarantined}, released {batch.released} as snapshot {batch.snapshot_id}"
        )
    return 0


def _incidents(given: argparse.Namespace) -> int:
    from euregio.commands.incidents import incidents, told_about

    if given.incident:
        print(told_about(given.incident))
        return 0
    for line in incidents(every=given.all, dataset=given.dataset):
        print(line)
    return 0


def _letter(given: argparse.Namespace) -> int:
    from euregio.commands.incidents import letter_about

    print(letter_about(given.incident, given.language), end="")
    return 0


def _check(_given: argparse.Namespace) -> int:
    from euregio.commands.checkup import checkup

    problems = checkup(print)
    for problem in problems:
        print(f"euregio: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _docs(_given: argparse.Namespace) -> int:
    from euregio.declarations import documents

    for path in documents.write():
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
