"""Who may what in production: `include/roles.yaml`, roles of the log-in and the rights of ours that they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FILE = PROJECT / "include" / "roles.yaml"
Action = Literal["can_create", "can_read", "can_edit", "can_delete", "menu_access"]
Actions = Annotated[tuple[Action, ...], Field(min_length=1)]
#: FAB makes these itself, at each start.
BUILT_IN = ("Public", "Viewer", "User", "Op", "Admin")


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Role(_Declared):
    """A role: all that another one may, and what it may besides."""

    like: Annotated[Literal["Public", "Viewer", "User", "Op"], Field(description="FAB's own role whose rights it has")]
    may: Annotated[dict[str, Actions], Field(default={}, description="Actions by resource, as FAB names them")]


class Roles(_Declared):
    """The file include/roles.yaml."""

    rights: Annotated[dict[str, Actions], Field(description="Resources of our own, and what can be done with them")]
    roles: Annotated[dict[str, Role], Field(description="Roles by name, beside Viewer and Admin")]

    @model_validator(mode="after")
    def _roles_are_ours_and_use_our_rights_as_declared(self) -> Roles:
        for name, role in self.roles.items():
            if name in BUILT_IN:
                raise ValueError(f"{name} is FAB's own role, which it makes anew at each start; take another name")
            for resource, actions in role.may.items():
                if resource.startswith("Euregio ") and not set(actions) <= set(self.rights.get(resource, ())):
                    raise ValueError(f"{name} names a right that is not declared: {', '.join(actions)} on {resource}")
        return self


def load_roles(path: Path = FILE) -> Roles:
    """The declared roles. Raises DeclarationError."""
    return validated(Roles, read_yaml(path), path)
