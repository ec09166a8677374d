"""Python's regular expressions written anew for RE2, where the two are sure to agree."""

from __future__ import annotations

import functools
import re

# Python's own parser of patterns, private but the same from 3.11 to 3.13: only it knows what a pattern means.
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

import duckdb

from euregio.check.text import Unsupported

# Python's classes are Unicode's, RE2's short ones are ASCII's. Compared over all code points: equal but for those that
# an older Python does not know yet.
_SPACES = r"\t-\r\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_CLASSES = {
    sre.CATEGORY_DIGIT: r"\p{Nd}",
    sre.CATEGORY_WORD: r"\p{L}\p{N}_",
    sre.CATEGORY_SPACE: _SPACES,
}
_NOT_CLASSES = {
    sre.CATEGORY_NOT_DIGIT: r"\p{Nd}",
    sre.CATEGORY_NOT_WORD: r"\p{L}\p{N}_",
    sre.CATEGORY_NOT_SPACE: _SPACES,
}
_POSIX_CLASS = re.compile(r"\[:\^?[a-z]+:\]")
# RE2 unrolls counted repeats: what is larger goes to Great Expectations.
_MOST_REPEATS = 255


@functools.lru_cache(maxsize=1024)
def re2_of(pattern: Any) -> str:
    """A pattern that RE2 matches in full with exactly the texts in which `re.search` finds `pattern`.

    In full, because DuckDB judges a column's dictionary once with `regexp_full_match`, but each row with a search.

    Raises Unsupported for what RE2 lacks or means otherwise: look-around, back references, word boundaries, flags,
    `$` before the end of the pattern (Python's also matches before a last line feed), large repeats, and for
    `[:alpha:]`, which pandas reads as RE2 and not as Python.
    """
    if not isinstance(pattern, str):
        raise Unsupported("the pattern is not text")
    if _POSIX_CLASS.search(pattern):
        raise Unsupported("a POSIX class")
    try:
        tree = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise Unsupported(f"not a regular expression: {error}") from error
    if tree.state.flags != re.UNICODE:
        raise Unsupported("flags in the pattern")
    found = _sequence(list(tree), last=True)
    before = "" if found.startswith(r"\A") else "(?s:.*?)"
    after = "" if found.endswith(r"\z") else "(?s:.*)"
    found = f"{before}{found}{after}"
    try:
        with duckdb.connect(":memory:") as con:
            con.execute("SELECT regexp_full_match('', ?)", [found])
    except duckdb.Error as error:
        raise Unsupported("RE2 refuses the pattern") from error
    return found


def _sequence(items: list[Any], last: bool) -> str:
    return "".join(_item(op, value, last and index == len(items) - 1) for index, (op, value) in enumerate(items))


def _item(op: Any, value: Any, last: bool) -> str:
    if op is sre.LITERAL:
        return _char(value)
    if op is sre.NOT_LITERAL:
        return f"[^{_char(value)}]"
    if op is sre.ANY:
        return r"[^\n]"
    if op is sre.AT and value in (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING):
        return r"\A"
    if op is sre.AT and value is sre.AT_END_STRING:
        return r"\z"
    if op is sre.AT and value is sre.AT_END and last:
        return r"\n?\z"
    if op is sre.IN:
        return _set(value)
    if op is sre.BRANCH:
        return "(?:" + "|".join(_sequence(list(branch), last) for branch in value[1]) + ")"
    if op is sre.SUBPATTERN and not value[1] and not value[2]:
        return "(?:" + _sequence(list(value[3]), last) + ")"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        low, high, inner = value
        if low > _MOST_REPEATS or (high is not sre.MAXREPEAT and high > _MOST_REPEATS):
            raise Unsupported("a large repeat")
        body = _sequence(list(inner), last=False)
        # Whether a text matches does not depend on greed; a repeat in a repeat can grow beyond RE2's size.
        if any(part[0] in (sre.MAX_REPEAT, sre.MIN_REPEAT) for part in inner) and max(low, 0) > 32:
            raise Unsupported("a large repeat of a repeat")
        return f"(?:{body}){{{low},{'' if high is sre.MAXREPEAT else high}}}"
    raise Unsupported(f"{op} in the pattern")


def _set(items: list[Any]) -> str:
    negated, parts = "", []
    for op, value in items:
        if op is sre.NEGATE:
            negated = "^"
        elif op is sre.LITERAL:
            parts.append(_char(value))
        elif op is sre.RANGE:
            parts.append(f"{_char(value[0])}-{_char(value[1])}")
        elif op is sre.CATEGORY and value in _CLASSES:
            parts.append(_CLASSES[value])
        elif op is sre.CATEGORY and value in _NOT_CLASSES and len(items) == 1:
            return f"[^{_NOT_CLASSES[value]}]"
        else:
            raise Unsupported(f"{op} in a set")
    return f"[{negated}{''.join(parts)}]"


def _char(code: int) -> str:
    if 0xD800 <= code <= 0xDFFF:
        raise Unsupported("half a character")
    char = chr(code)
    return char if char.isascii() and char.isalnum() else f"\\x{{{code:x}}}"
