"""Make the roles of include/roles.yaml in FAB, the production log-in: `python -m euregio.orchestration.roles`.

Run again it changes only what differs: rights that are lacking are given, others taken away. `--admin NAME` besides
makes the first administrator, with the password from the environment variable EUREGIO_ADMIN_PASSWORD, where there is
none of that name yet (a password that was changed since stays).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Any

from euregio.declarations.roles import Roles, load_roles
from euregio.errors import DeclarationError, EuregioError

_LOG = logging.getLogger(__name__)
PASSWORD = "EUREGIO_ADMIN_PASSWORD"
_SHORTEST = 12


def make_roles(security: Any, declared: Roles) -> list[str]:
    """Make FAB's roles (`security` is its security manager) what is declared; gives a line for each change.

    Raises DeclarationError for a resource that FAB does not know, before anything is changed.
    """
    security.sync_roles()  # FAB's own, whose rights ours begin with
    unknown = sorted(
        {name for role in declared.roles.values() for name in role.may}
        - set(declared.rights) - {resource.name for resource in _resources(security)}
    )  # fmt: skip
    if unknown:
        raise DeclarationError("no resource of FAB", where="include/roles.yaml", found=", ".join(unknown))
    changes = []
    for resource, actions in declared.rights.items():
        for action in actions:
            security.create_permission(action, resource)
    for name, role in declared.roles.items():
        ours = security.find_role(name) or security.add_role(name)
        wanted = _pairs(security.find_role(role.like)) | {
            (action, resource) for resource, actions in role.may.items() for action in actions
        }
        have = _pairs(ours)
        for pair in sorted(wanted - have):
            security.add_permission_to_role(ours, security.create_permission(*pair))
        for pair in sorted(have - wanted):
            security.remove_permission_from_role(ours, security.get_permission(*pair))
        changes += [f"{name}: + {done} on {what}" for done, what in sorted(wanted - have)]
        changes += [f"{name}: - {done} on {what}" for done, what in sorted(have - wanted)]
    security.update_admin_permission()
    return changes


def make_admin(security: Any, name: str, password: str) -> bool:
    """Make the first administrator where nobody of that name is; whether it was made. Raises EuregioError."""
    if security.find_user(username=name):
        return False
    if len(password) < _SHORTEST:
        raise EuregioError("no password for the administrator", where=PASSWORD, expected=f"{_SHORTEST} characters")
    made = security.add_user(
        username=name, first_name="Euregio", last_name="Administrator", email=f"{name}@localhost",
        role=security.find_role("Admin"), password=password,
    )  # fmt: skip
    if not made:
        raise EuregioError("FAB could not make the administrator", found=name)
    return True


def _pairs(role: Any) -> set[tuple[str, str]]:
    return {(one.action.name, one.resource.name) for one in role.permissions}


def _resources(security: Any) -> list[Any]:
    from sqlalchemy import select

    return list(security.session.scalars(select(security.resource_model)))


def main() -> int:
    """The command; its exit code."""
    from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder

    parser = argparse.ArgumentParser(prog="python -m euregio.orchestration.roles", description=__doc__)
    parser.add_argument("--admin", metavar="NAME", help=f"make this administrator, password from {PASSWORD}")
    given = parser.parse_args()
    try:
        with get_application_builder() as builder:
            changes = make_roles(builder.sm, load_roles())
            made = given.admin and make_admin(builder.sm, given.admin, os.environ.get(PASSWORD, ""))
    except EuregioError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(changes) or "The roles are as declared.")
    if made:
        print(f"{given.admin} is an administrator.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
