"""The publishers of a profile: for the sandbox, servers on the loopback that are started with the run."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from euregio.declarations.profiles import load_profile
from euregio.orchestration.installation import free_port
from euregio.orchestration.services import Services

#: Where the profile `sandbox` looks for its address.
ADDRESS = "EUREGIO_SANDBOX_URL"


def publishers(profile: str, services: Services, work: Path) -> dict[str, str]:
    """Start what the profile needs; gives the environment that tells tasks where it is.

    The sandbox's files are made below `work`; `EUREGIO_SANDBOX_SIZE` sets its recharging points.
    """
    if load_profile(profile).kind != "sandbox" or os.environ.get(ADDRESS):
        return {}
    port = free_port()
    command = [sys.executable, "-m", "euregio.sandbox", "--port", str(port), "--work", str(work)]
    if size := os.environ.get("EUREGIO_SANDBOX_SIZE"):
        command += ["--size", size]
    services.start("sandbox", command, os.environ)
    return {ADDRESS: f"http://127.0.0.1:{port}"}


def await_publishers(services: Services, environment: dict[str, str]) -> None:
    """Wait until the publishers that `publishers` started answer."""
    if address := environment.get(ADDRESS):
        import httpx

        def answers() -> bool:
            try:
                httpx.get(address, timeout=5, trust_env=False)
            except httpx.TransportError:
                return False
            return True

        services.wait_until(answers, "the sandbox")
