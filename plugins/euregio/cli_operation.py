"""Commands of who operates an installation: what is wrong, what would change, and what is done about it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from euregio.pipeline import Batch


def add_operation(commands: Any) -> None:
    """Add these commands to the subparsers of `euregio`."""
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

    maintain = commands.add_parser("maintain", help="compact and sweep layer and zones, as the DAG does each night")
    maintain.set_defaults(run=_maintain)

    backup = commands.add_parser("backup", help="copy the layer, catalogue and data, into a folder or s3://…")
    backup.add_argument("folder")
    backup.set_defaults(run=_backup)

    restore = commands.add_parser("restore", help="put such a copy into an empty place")
    restore.add_argument("folder")
    restore.set_defaults(run=_restore)

    upgrade = commands.add_parser("upgrade", help="bring the layer's tables and views up to this release's contracts")
    upgrade.add_argument("--dry-run", action="store_true", help="only print what would be done")
    upgrade.add_argument(
        "--widen", action="store_true", help="also columns whose type becomes wider (INTEGER to BIGINT)"
    )
    upgrade.set_defaults(run=_upgrade)


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


def _replay(given: argparse.Namespace) -> int:
    from euregio import again

    return _released(again.replay(given.dataset, given.period))


def _accept(given: argparse.Namespace) -> int:
    from euregio import again
    from euregio.commands.terminal import account
    from euregio.gates import Acceptance

    gates = tuple(given.gates.split(","))
    word = Acceptance(given.batch, gates, given.reason, account())
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
    from euregio.commands.changes import retract
    from euregio.commands.terminal import account

    print(retract(given.dataset, given.period, account(), given.reason))
    return 0


def _maintain(_given: argparse.Namespace) -> int:
    from euregio.commands.maintain import maintain

    print(json.dumps(maintain(), indent=2))
    return 0


def _backup(given: argparse.Namespace) -> int:
    from euregio.settings import Settings
    from euregio.upkeep.backup import back_up

    done = back_up(Settings(), given.folder)
    print(f"{given.folder}: {done.files} files copied ({done.size_bytes:,} bytes), {done.known} were there")
    return 0


def _restore(given: argparse.Namespace) -> int:
    from euregio.settings import Settings
    from euregio.upkeep.backup import restore

    done = restore(Settings(), given.folder)
    print(f"{done.files} files put back ({done.size_bytes:,} bytes), every table read")
    return 0


def _upgrade(given: argparse.Namespace) -> int:
    from euregio.commands.maintain import upgrade

    for line in upgrade(widen=given.widen, dry_run=given.dry_run):
        print(line)
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
