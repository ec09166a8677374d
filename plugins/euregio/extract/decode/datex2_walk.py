"""The plain reader: walks one site as a tree of nodes, the same for XML and JSON, and gives its items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from euregio.extract.decode.datex2_spec import Rule, Spec

Item = tuple[int, str]
#: Parts of a period that group the texts below them; the rest says itself what it is.
GROUPS = ("validPeriod", "exceptionPeriod")
_BLANKS = re.compile("[ \t\r\n]+")
# JSON names a class with the short name of its package before it: aegiElectricChargingPoint, afacOpenAllHours.
# Some leave the package out and begin the class as they would an element.
_CLASS = re.compile(
    r"(?:a?egi|a?fac|locx?|comx?|prk|ubx|d2|rer|tro|cz|olrb)?([A-Z]\w*)|(electricChargingPoint(?:Status)?)"
)
_ATTRIBUTES = {"idG": "id", "id": "id", "lang": "lang", "extendedValueG": "extended", "_extendedValue": "extended"}
_ATTRIBUTES |= {"extendedValue": "extended", "versionG": "version", "version": "version", "targetClass": "target"}
_LEAF = {"value", *_ATTRIBUTES}


@dataclass
class Node:
    """An element: its class (`type`) where it names one, attributes, text, and children with their local names."""

    type: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[tuple[str, Node]] = field(default_factory=list)


def class_name(key: str) -> str | None:
    """`ElectricChargingPoint` of the JSON key `aegiElectricChargingPoint`; None where the key is an element's name."""
    found = _CLASS.fullmatch(key)
    if not found:
        return None
    return found[1] or found[2][0].upper() + found[2][1:]


def node_of_json(value: Any) -> Node:
    """The node of a JSON object or value. An object whose only member is a class is that class."""
    if not isinstance(value, dict):
        return Node(text=_text(value))
    if len(value) == 1:
        ((key, inner),) = value.items()
        name = class_name(key)
        if name and isinstance(inner, dict):
            node = node_of_json(inner)
            node.type = node.type or name
            return node
    node = Node()
    if value.keys() <= _LEAF and not isinstance(value.get("value"), (dict, list)):
        node.text = _text(value.get("value"))  # {"value": "rfid"}, a code of a list; or a text in a language
        value = {key: inner for key, inner in value.items() if key != "value"}
    for key, inner in value.items():
        if key in _ATTRIBUTES and not isinstance(inner, (dict, list)):
            node.attributes[_ATTRIBUTES[key]] = _text(inner)
            continue
        name = class_name(key) or key
        for one in inner if isinstance(inner, list) else [inner]:
            if one is not None:
                node.children.append((name, node_of_json(one)))
    return node


def node_of_xml(element: Any, uri: re.Pattern[str], xsi_type: str, string: Any) -> Node:
    """The node of an lxml element. Children outside the namespaces `uri` are left out; `string` is XPath string()."""
    attributes = {_ATTRIBUTES[key]: value for key, value in element.attrib.items() if key in _ATTRIBUTES}
    node = Node(element.get(xsi_type, "").rpartition(":")[2], attributes, string(element))
    for child in element:
        if isinstance(child.tag, str):  # a comment's tag is a function
            namespace, _, name = child.tag[1:].rpartition("}")
            if uri.fullmatch(namespace):
                node.children.append((name, node_of_xml(child, uri, xsi_type, string)))
    return node


def items(spec: Spec, site: Node, language: str) -> Iterator[Item]:
    """The items of one site in document order. `language` is the publication's, preferred where a text has several."""
    kind = spec.levels[0]
    yield spec.kinds[kind].code, _tidy(site.attributes.get("id", ""))
    yield from _walk(spec, site, kind, language)


def _walk(spec: Spec, node: Node, state: str, language: str) -> Iterator[Item]:
    rules = spec.states[state]
    for name, child in node.children:
        rule = rules.get(name) or rules.get("*")
        if rule is not None:
            yield from _apply(spec, rule, name, child, language)


def _apply(spec: Spec, rule: Rule, name: str, node: Node, language: str) -> Iterator[Item]:
    if rule.action == "enter":
        yield from _walk(spec, node, rule.state, language)
    elif rule.action in ("record", "ident"):
        kind = spec.kinds[rule.kind]
        yield kind.code, _tidy(node.attributes.get("id", ""))
        if node.type and "type" in kind.scalars and "type" not in spec.states[rule.state]:
            yield kind.scalars["type"], _tidy(node.type)
        if rule.action == "ident" and not node.children:
            yield kind.scalars["identifier"], _tidy(node.text)
        else:
            yield from _walk(spec, node, rule.state, language)
    elif rule.action == "text":
        yield spec.code(rule), code_or_text(node)
    elif rule.action == "words":
        yield spec.code(rule), words(node, language)
    elif rule.action == "id":
        yield spec.code(rule), _tidy(node.attributes.get("id", ""))
    elif rule.action == "leaves":
        yield from ((spec.code(rule), leaf) for leaf in _leaves(name, node))


def code_or_text(node: Node) -> str:
    """The text, or the value of an extended code list."""
    return _tidy(node.attributes.get("extended", "")) or _tidy(node.text)


def words(node: Node, language: str) -> str:
    """The text in `language`, else the first that is there, of a text in one or more languages."""
    values: list[Node] = []
    for name, child in node.children:
        if name == "values":  # JSON: a node each, or within another values; XML: one node with a child each
            inner = [value for name, value in child.children if name in ("value", "values")]
            values += inner if child.children else [child]
    if len(values) < 2:
        return _tidy(values[0].text if values else node.text)
    return _tidy(next((v for v in values if v.attributes.get("lang", "").startswith(language)), values[0]).text)


def _leaves(name: str, node: Node) -> Iterator[str]:
    if not node.children:
        yield f"{name}={code_or_text(node)}"
        return
    if name in GROUPS:
        yield name
    for inner, child in node.children:
        yield from _leaves(inner, child)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal) and abs(value.adjusted()) < 40:
        return format(value, "f")
    return "" if value is None else str(value)


def _tidy(text: str) -> str:
    """The text with blanks as XPath's normalize-space() leaves them."""
    return _BLANKS.sub(" ", text).strip(" ")
