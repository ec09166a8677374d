"""The `euregio` command."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from euregio.errors import EuregioError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 0, 1 (it went wrong) or 2 (what was given is wrong, with one clear line)."""
    parser = argparse.ArgumentParser(prog="euregio", description="A cross-border data layer for digital twins.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    trial = commands.add_parser("try", help="decode, check and harmonise a local file, without touching the layer")
    trial.add_argument("--format", required=True, help="wire format; `euregio formats` lists them")
    trial.add_argument("--country", help="ISO code, for files that do not say their country")
    trial.add_argument("--time-zone", help="IANA zone of times without an offset")
    trial.add_argument("--json", action="store_true", help="print JSON")
    trial.add_argument("--rows", type=int, default=5, help="how many of the first rows to print")
    trial.add_argument("file", type=Path)
    trial.set_defaults(run=_try)
    formats = commands.add_parser("formats", help="list the wire formats")
    formats.add_argument("--json", action="store_true", help="print JSON")
    formats.set_defaults(run=_formats)
    given = parser.parse_args(arguments)
    try:
        return given.run(given)
    except EuregioError as error:
        print(f"euregio: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0


def _try(given: argparse.Namespace) -> int:
    from euregio.settings import Settings
    from euregio.trial import try_file

    trial = try_file(given.format, given.file, Settings(), country=given.country, time_zone=given.time_zone, first=given.rows)
    if given.json:
        print(json.dumps(trial.to_json(), default=str, ensure_ascii=False))
        return 0
    print(f"{given.file.name}: {trial.records} records of {trial.format}, {trial.rows} rows of {trial.table}")
    print(f"  admitted {trial.admitted}, corrected {trial.corrected}, quarantined {trial.quarantined}; places checked against {trial.places}")
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


if __name__ == "__main__":
    sys.exit(main())
