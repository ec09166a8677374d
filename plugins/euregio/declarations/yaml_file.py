"""Declarations as YAML files: read once, validated by a model, errors with file, line and field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from euregio.errors import DeclarationError
from euregio.settings import PROJECT

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises DeclarationError with the line of a syntax error."""
    try:
        content = yaml.load(path.read_bytes(), Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DeclarationError(
            "this is not YAML", where=f"{shown(path)} line {mark.line + 1 if mark else '?'}", found=error.problem
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError("this is not YAML", where=shown(path), found=str(error)) from error
    if not isinstance(content, dict):
        raise DeclarationError("a declaration is a mapping of fields", where=shown(path), found=type(content).__name__)
    return content


def validated(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """`content` as a `model`. Raises DeclarationError that names the first wrong field with its line."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise DeclarationError(
            first["msg"].removeprefix("Value error, "),
            where=f"{shown(path)} line {line_of(path, first['loc'])}, field {'.'.join(map(str, first['loc'])) or '(top)'}",
            found=first.get("input"),
            do=f"{len(error.errors()) - 1} more errors follow in this file." if len(error.errors()) > 1 else None,
        ) from error


def line_of(path: Path, loc: Sequence[str | int]) -> int:
    """Line (from 1) of the field at `loc`, or of its nearest parent that exists."""
    node = yaml.compose(path.read_bytes(), Loader=_Loader)
    line = 1
    for step in loc:
        child = None
        if isinstance(node, yaml.MappingNode):
            child = next((value for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            child = node.value[step]
        if child is None:
            break
        node, line = child, child.start_mark.line + 1
    return line


def shown(path: Path) -> str:
    """A path as users know it: relative to the project where it lies within."""
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
