"""The person at the terminal: who they are for the record, and what their terminal is kept from obeying."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from euregio.errors import written_out


def account() -> str:
    """The name of the operating system's account that runs this. Not what LOGNAME or USER say: anyone may set these."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs as a number
        return f"uid {os.getuid()}"


class _Plain(io.TextIOBase):
    """A terminal that shows what it would else obey: texts of publishers may hold escape sequences."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        self._terminal.write(written_out(text))
        return len(text)

    def flush(self) -> None:
        self._terminal.flush()

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._terminal.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]  # read only here
        return self._terminal.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # read only here
        return self._terminal.errors


@contextlib.contextmanager
def plain_terminal() -> Iterator[None]:
    """Within it what is printed to a terminal holds no control characters. A file or pipe gets the data as they are."""
    out = sys.stdout
    if not out.isatty():
        yield
        return
    with contextlib.redirect_stdout(_Plain(out)):
        yield
