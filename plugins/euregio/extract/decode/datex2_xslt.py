"""The fast reader's program: the rules as an XSLT stylesheet, which libxslt runs over a chunk without Python.

It writes the items as lines `<code> TAB <text>`. normalize-space() takes tabs and line ends out of a text, so the two
characters can separate.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from euregio.extract.decode.datex2_spec import Rule, Spec
from euregio.extract.decode.datex2_walk import GROUPS

#: All DATEX II v3 namespaces are read as this one: local names do not clash within a state.
NAMESPACE = "d"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TEXT = "normalize-space(.)"
#: Elements that hold a word of a code list, which a publisher may extend by an attribute.
_CODED = {
    "connectorType", "chargingMode", "connectorFormat", "authenticationAndIdentificationMethods", "usageType",
    "paymentMeans", "priceType", "ratePolicy", "typeOfIdentifier", "typeOfSite", "exclusiveUsers", "type", "status",
    "currentType", "operationStatus", "openingStatus",
}  # fmt: skip


@cache
def stylesheet(spec_of: Any, element: str) -> bytes:
    """The stylesheet for a spec and the local name of its outermost record. Parameter: `lang`, the preferred language."""
    spec = spec_of()
    outer = spec.levels[0]
    templates = [
        f'<xsl:template match="/*"><xsl:for-each select="d:{element}">{_line(spec.kinds[outer].code, "normalize-space(@id)")}'
        f'<xsl:apply-templates select="*" mode="{outer}"/></xsl:for-each></xsl:template>'
    ]
    for state, rules in spec.states.items():
        default = rules.get("*")
        templates.append(f'<xsl:template match="*" mode="{state}"/>')
        if default:
            templates.append(f'<xsl:template match="d:*" mode="{state}">{_body(spec, default)}</xsl:template>')
        templates += [
            f'<xsl:template match="d:{name}" mode="{state}">{_body(spec, rule)}</xsl:template>'
            for name, rule in rules.items()
            if name != "*"
        ]
    groups = " or ".join(f"self::d:{name}" for name in GROUPS)
    templates.append(
        '<xsl:template match="*" mode="leaves"><xsl:param name="code"/><xsl:choose><xsl:when test="d:*">'
        f'<xsl:if test="{groups}">{_line("$code", "local-name()")}</xsl:if>'
        '<xsl:apply-templates select="d:*" mode="leaves"><xsl:with-param name="code" select="$code"/>'
        "</xsl:apply-templates></xsl:when><xsl:otherwise>"
        + _line("$code", "concat(local-name(), '=', normalize-space(.))")
        + "</xsl:otherwise></xsl:choose></xsl:template>"
    )
    return (
        f'<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:d="{NAMESPACE}"'
        f' xmlns:xsi="{XSI}"><xsl:output method="text" encoding="UTF-8"/><xsl:param name="lang"/>'
        + "".join(templates)
        + "</xsl:stylesheet>"
    ).encode()


def _line(code: int | str, select: str) -> str:
    number = f"<xsl:text>&#10;{code}&#9;</xsl:text>"
    if code == "$code":
        number = '<xsl:text>&#10;</xsl:text><xsl:value-of select="$code"/><xsl:text>&#9;</xsl:text>'
    return f'{number}<xsl:value-of select="{select}"/>'


def _body(spec: Spec, rule: Rule) -> str:
    """What a template does for its rule."""
    if rule.action == "enter":
        return f'<xsl:apply-templates select="*" mode="{rule.state}"/>'
    if rule.action in ("record", "ident"):
        return _record(spec, rule)
    code = spec.code(rule)
    if rule.action == "id":
        return _line(code, "normalize-space(@id)")
    if rule.action == "words":
        chosen = "d:values/d:value[starts-with(@lang, $lang)][1]"
        several = _choose(
            chosen, _line(code, f"normalize-space({chosen})"), _line(code, "normalize-space(d:values/d:value)")
        )
        return _choose("d:values/d:value[2]", several, _line(code, _TEXT))
    if rule.action == "leaves":
        with_code = f'<xsl:with-param name="code" select="{code}"/>'
        return f'<xsl:apply-templates select="." mode="leaves">{with_code}</xsl:apply-templates>'
    if rule.column not in _CODED:
        return _line(code, _TEXT)
    extended = "(@_extendedValue | @extendedValueG)[1]"
    coded = _choose(extended, _line(code, f"normalize-space({extended})"), _line(code, _TEXT))
    return _choose("@*", coded, _line(code, _TEXT))  # most have no attribute at all: spare the union


def _record(spec: Spec, rule: Rule) -> str:
    kind = spec.kinds[rule.kind]
    start = _line(kind.code, "normalize-space(@id)") if "id" in kind.scalars else _line(kind.code, "''")
    inner = f'<xsl:apply-templates select="*" mode="{rule.state}"/>'
    if rule.action == "ident":
        return start + _choose("d:*", inner, _line(kind.scalars["identifier"], _TEXT))
    if "type" in kind.scalars and "type" not in spec.states[rule.state]:
        code = kind.scalars["type"]
        named = "normalize-space(substring-after(@xsi:type, ':'))"
        start += _choose("contains(@xsi:type, ':')", _line(code, named), _line(code, "normalize-space(@xsi:type)"))
    return start + inner


def _choose(test: str, then: str, otherwise: str) -> str:
    return (
        f'<xsl:choose><xsl:when test="{test}">{then}</xsl:when><xsl:otherwise>{otherwise}</xsl:otherwise></xsl:choose>'
    )
