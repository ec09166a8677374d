"""Prints one indicator's whole computation as SQL for the DuckDB shell: `python -m euregio.indicators.script ID REGION…`."""

from __future__ import annotations

import sys

from euregio.declarations.regions import load_region
from euregio.errors import EuregioError
from euregio.indicators.registry import load_indicator
from euregio.indicators.world import script


def main(arguments: list[str]) -> int:
    """Write the script to standard output. 0, or 2 with one line on standard error."""
    if len(arguments) < 2:
        print("usage: python -m euregio.indicators.script INDICATOR REGION...", file=sys.stderr)
        return 2
    try:
        print(script(load_indicator(arguments[0]), [load_region(name) for name in arguments[1:]]))
    except EuregioError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
