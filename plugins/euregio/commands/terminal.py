"""The person at the terminal: who they are for the record, and what their terminal is kept from obeying."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

from euregio.errors import written_out


def account() -> str:
    """The name of the operating system's account that runs this. Not what LOGNAME or USER say: anyone may set these."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container that runs as a number
        return f"uid {os.getuid()}"


class _Plain(io.TextIOWrapper):
    """A terminal that shows what it would else obey: texts of publishers may hold escape sequences."""

    def write(self, text: str) -> int:
        super().write(written_out(text))
        return len(text)


@contextlib.contextmanager
def plain_terminal() -> Iterator[None]:
    """Within it what is printed to a terminal holds no control characters. A file or pipe gets the data as they are."""
    out = sys.stdout
    if not out.isatty():
        yield
        return
    out.flush()
    plain = _Plain(out.buffer, encoding=out.encoding, errors=out.errors, line_buffering=True)
    try:
        with contextlib.redirect_stdout(plain):
            yield
    finally:
        plain.detach()  # or the terminal would be closed with it
