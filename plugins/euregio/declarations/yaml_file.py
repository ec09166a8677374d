"""Declarations as YAML files: read once, validated by a model, errors with file, line and field."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from euregio.errors import DeclarationError
from euregio.settings import PROJECT

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Model = TypeVar("Model", bound=BaseModel)
#: Declarations nest four levels, tables (Open Data Contracts) seven.
MAX_DEPTH = 50
_FEW_SIGNS = 500
#: So many further mistakes of one file are told with the first.
_FEW = 8


class _Loader(_SafeLoader):
    """YAML's safe loader, in which no field stands twice: of two, say of `rows`, the last would win in silence."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, f"the field {key.value} stands twice", key.start_mark
                )
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises DeclarationError with the line of a syntax error."""
    try:
        text = path.read_bytes()
        _refuse_depth(text, path)
        content = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise DeclarationError(
            "this is not YAML", where=f"{shown(path)} line {mark.line + 1 if mark else '?'}", found=error.problem
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DeclarationError("this is not YAML", where=shown(path), found=str(error)) from error
    if not isinstance(content, dict):
        raise DeclarationError(
            "a declaration is a mapping of fields",
            where=shown(path),
            found="nothing" if content is None else type(content).__name__,
        )
    return content


def _refuse_depth(text: bytes, path: Path) -> None:
    """Raise DeclarationError for nesting that would end the process: YAML's C library composes without a limit."""
    if sum(text.count(sign) for sign in (b"[", b"{", b"- ", b"? ", b": ")) < _FEW_SIGNS:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise DeclarationError(
                "this nests too deep for a declaration", where=f"{shown(path)} line {event.start_mark.line + 1 if event.start_mark else '?'}",
                expected=f"at most {MAX_DEPTH} levels",
            )  # fmt: skip


def validated(model: type[Model], content: dict[str, Any], path: Path) -> Model:
    """`content` as a `model`. Raises DeclarationError that names the first wrong field with its line, and the others."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first, *others = error.errors()
        place = f"line {line_of(path, first['loc'])}, field {_field(first)}"
        raise DeclarationError(
            _words(first, model), where=f"{shown(path)} {place}", found=None if first["type"] == "missing" else _brief(first.get("input")),
            do="Also: " + "; ".join(f"line {line_of(path, one['loc'])}, {_field(one)}: {_words(one, model)}" for one in others[:_FEW])
            if others else None,
        ) from error  # fmt: skip


def _field(error: Any) -> str:
    return ".".join(map(str, error["loc"])) or "(top)"


def _words(error: Any, model: type[BaseModel]) -> str:
    """What is wrong, in the words of who writes YAML; a misspelt field with the one that may be meant."""
    match error["type"]:
        case "extra_forbidden":
            meant = difflib.get_close_matches(str(error["loc"][-1]), _names(model), n=1)
            return "no such field" + (f"; perhaps {meant[0]} is meant" if meant else "")
        case "missing":
            return "the field is missing"
        case "tuple_type" | "list_type":
            return "here belongs a list, [one, two]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return "here belong fields, each on a line of its own"
        case "string_type":
            return "here belongs text"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _names(model: type[BaseModel]) -> list[str]:
    """Names of the model's fields, and of the fields of its fields."""
    names = list(model.model_fields)
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, BaseModel):
                names += list(part.model_fields)
    return names


def _brief(value: object) -> object:
    """The value as an error may show it: of a collection the outermost parts, for aliases make few lines stand for more
    than any memory holds."""
    return reprlib.repr(value) if isinstance(value, (list, dict, tuple, set)) else value


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
