"""`python -m euregio.sandbox`: serve the simulated publishers until told to stop; the first line printed is the address."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import threading
from pathlib import Path

from euregio.sandbox.running import Sandbox


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 when stopped so."""
    parser = argparse.ArgumentParser(prog="python -m euregio.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="listen there; 0.0.0.0 in a container")
    parser.add_argument("--size", type=int, default=20_000, help="recharging points over all countries, to 10000000")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--defects", type=float, default=0.02, help="share of stations with a defect; 0 for none")
    parser.add_argument("--truth", type=Path, help="folder that the truth files are copied to")
    parser.add_argument("--work", type=Path, help="folder for the files, kept afterwards (default: a temporary one)")
    parser.add_argument(
        "--misbehave", action="append", default=[], metavar="DATASET=MODE[:TIMES]", help="from the first request on"
    )
    chosen = parser.parse_args(arguments)
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    with Sandbox(
        chosen.size, chosen.seed, chosen.port, defects=chosen.defects, work=chosen.work, host=chosen.host
    ) as sandbox:
        for order in chosen.misbehave:
            dataset, _, mode = order.partition("=")
            mode, _, times = mode.partition(":")
            sandbox.misbehave(dataset, mode, **({"times": int(times)} if times else {}))
        if chosen.truth:
            shutil.copytree(sandbox.truth, chosen.truth, dirs_exist_ok=True)
        print(sandbox.address, flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
