"""Simulated national publishers, served over HTTP, with known truth.

    from euregio.sandbox.running import Sandbox            # in a test
    python -m euregio.sandbox --size 20000 --seed 7        # beside: prints its address, serves until SIGTERM

`world` makes the map, `points` draws stations on it, `defects` spoils some, `feeds` stores what each publisher knows,
`publishers/` writes their native formats, `truth` writes what is true, `server` serves it all and misbehaves on demand.
"""
