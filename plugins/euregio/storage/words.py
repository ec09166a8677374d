"""What a database's driver says, without the log-in: drivers quote their connection string when they cannot connect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from euregio.errors import EuregioError

_MASK = "***"
#: The string itself is none: what is said of it may quote any part, a password's second word for example.
_UNREADABLE = re.compile(
    r"connection info string|connection option|invalid dsn|connection URI|host address in URI", re.I
)
_PASSWORD = re.compile(r"password\s*=\s*(?:'((?:[^'\\]|\\.)*)'?|(\S+))", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"://[^:/@\s]*:([^@\s]*)@")


def without_login(text: str, place: str) -> str:
    """`text` without the connection string `place` (libpq's words or an address) and without its password."""
    if _UNREADABLE.search(text):
        return "the connection string cannot be read"
    secrets = [found for match in _PASSWORD.finditer(place) for found in match.groups() if found]
    secrets += [re.sub(r"\\(.)", r"\1", one) for one in secrets]
    secrets += [match[1] for match in _IN_ADDRESS.finditer(place) if match[1]]
    for secret in (place, *sorted(secrets, key=len, reverse=True)):
        text = text.replace(secret, "…" if secret == place else _MASK)
    return text


@contextmanager
def telling_no_login(kind: str, place: str) -> Iterator[None]:
    """Whatever is raised within, and what it was raised from, no longer quotes the connection string.

    A traceback goes into logs that leave the worker. Of kinds that have no log-in (a file) nothing is changed.
    """
    try:
        yield
    except BaseException as error:
        if kind == "postgres":
            _clean(error, place, set())
        raise


def _clean(error: BaseException | None, place: str, seen: set[int]) -> None:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    if isinstance(error, EuregioError):
        error.quoting(lambda text: without_login(text, place))
    error.args = tuple(without_login(one, place) if isinstance(one, str) else one for one in error.args)
    _clean(error.__cause__, place, seen)
    _clean(error.__context__, place, seen)
