"""Secrets of publishers: looked up when a request is made, never logged, never stored, masked wherever they show."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote, urlsplit

from euregio.declarations.source import SECRET
from euregio.extract.fetch.fetched import FetchFailed

MASK = "***"
#: Shorter values are user names at most; to mask them would maim every text.
_SHORTEST = 4
#: So many characters of a secret that stand somewhere are no chance.
_PIECE = 6
#: Names of parameters whose value is masked although no placeholder stood there (signed links that a publisher gives).
_SECRET_PARAMETER = re.compile(
    r"(?i)([?&;#](?:[^=&;#\s]*(?:token|secret|passw|signature|credential|api[-_]?key|subscription-key|session)[^=&;#\s]*"
    r"|sig|key|auth|authorization|code|jwt|policy)=)[^&;#\s\"'<>]+"
)
_ESCAPE = re.compile("%[0-9A-F]{2}")
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/?#@\s]*@")

#: Gives the secret of an environment variable (`NAME`) or of a connection (`conn:ID:FIELD`); None where there is none.
Lookup = Callable[[str], str | None]


class Secrets:
    """Fills placeholders and remembers the values, so that it can take them out of every text again."""

    def __init__(self, lookup: Lookup | None = None) -> None:
        self._lookup = lookup or from_environment
        self._values: set[str] = set()

    def __repr__(self) -> str:
        return "Secrets()"

    @property
    def are_filled(self) -> bool:
        """Whether any secret was filled in so far."""
        return bool(self._values)

    def fill(self, text: str, *, in_address: bool = False) -> str:
        """`text` with its placeholders replaced; percent-encoded `in_address`. Raises FetchFailed for one not set."""

        def value_of(match: re.Match[str]) -> str:
            name = match[0][2:-1]
            value = (self._lookup(name) or "").strip()
            if not value:
                raise FetchFailed("a secret is not set", where=name, do=_how_to_set(name))
            if any(ord(char) < 32 for char in value):
                raise FetchFailed("a secret holds a line break or control character", where=name, do=_how_to_set(name))
            if len(value) >= _SHORTEST:
                encoded = {quote(value, safe=""), quote(value), quote_plus(value)}
                self._values |= {
                    value,
                    *encoded,
                    *(_ESCAPE.sub(lambda found: found[0].lower(), one) for one in encoded),
                }
            return quote(value, safe="") if in_address else value

        return SECRET.sub(value_of, text)

    def quoted(self, text: str) -> str:
        """`text` that quotes a publisher's bytes: masked, and as a whole where even a piece of a secret stands in it.

        A quotation is cut anywhere, so it may hold half of a secret that the publisher repeats.
        """
        low = text.casefold()
        pieces = (one[at : at + _PIECE].casefold() for one in self._values for at in range(len(one) - _PIECE + 1))
        return MASK if any(piece in low for piece in pieces) else self.masked(text)

    def masked(self, text: str) -> str:
        """`text` without the secrets filled so far, and without what looks like one in an address."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return _USER_IN_ADDRESS.sub(f"{MASK}@", _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", text))


def from_environment(name: str) -> str | None:
    """An environment variable, or a field of the connection in AIRFLOW_CONN_<ID> (JSON or URI)."""
    if not name.startswith("conn:"):
        return os.environ.get(name)
    _, connection, wanted = name.split(":", 2)
    text = os.environ.get(f"AIRFLOW_CONN_{connection.upper()}", "")
    if text.lstrip().startswith("{"):
        try:
            facts = json.loads(text)
        except ValueError:
            return None
        extra = facts.get("extra") or {}
        if isinstance(extra, str):
            extra = json.loads(extra) if extra.lstrip().startswith("{") else {}
        value = facts.get(wanted, extra.get(wanted))
        return None if value is None else str(value)
    parts = urlsplit(text)
    found = {"login": parts.username, "password": parts.password, "host": parts.hostname}.get(wanted)
    return unquote(found) if found else None


def _how_to_set(name: str) -> str:
    if name.startswith("conn:"):
        return f"Set the Airflow connection {name.split(':')[1]} with the field {name.split(':')[2]}."
    return f"Set the environment variable {name} where this task runs."
