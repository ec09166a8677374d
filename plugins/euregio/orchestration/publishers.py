"""The publishers of a profile: for the sandbox, servers on the loopback that are started with the run."""

from __future__ import annotations

from euregio.orchestration.services import Services


def publishers(profile: str, services: Services) -> dict[str, str]:  # noqa: ARG001
    """Start what the profile needs; gives the environment that tells tasks where it is."""
    return {}
