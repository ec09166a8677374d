"""Errors that a user reads: what, where, found, expected, and what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Self

#: What a terminal, a mail or a reader's eye obeys instead of showing it (controls, turns of the writing's direction,
#: tags), and what no database takes (zero bytes, halves of characters).
_OBEYED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def harmless(text: str) -> str:
    """`text` in one line, with what would be obeyed written out (`\\x1b`, `\\u202e`): texts of publishers reach logs,
    terminals, mails and pages."""
    return written_out(" ".join(text.split()))


def written_out(text: str) -> str:
    """`text` in its lines, with what would be obeyed written out."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class EuregioError(Exception):
    """An error with a place and a remedy. Its text is one line, safe to log: it holds no rows of data.

    `what` says what is wrong; `where` the dataset, file, line, row or field; `found` and `expected` the
    two sides; `do` what the user can do about it. `facts` are what an alert tells besides: names and counts, no rows.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: object = None,
        expected: object = None,
        do: str | None = None,
    ) -> None:
        self.what, self.where, self.found, self.expected, self.do = what, where, found, expected, do
        self.facts: dict[str, Any] = {}
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        if self.found is not None:
            text += f"; found {_short(self.found)}"
        if self.expected is not None:
            text += f"; expected {_short(self.expected, 600)}"
        if self.do:
            text += f". {self.do}"
        return harmless(text)

    def at(self, where: str) -> EuregioError:
        """The same error with `where` put in front of its place."""
        place = f"{where}: {self.where}" if self.where and self.where != where else where
        moved = type(self)(self.what, where=place, found=self.found, expected=self.expected, do=self.do)
        moved.facts = self.facts
        return moved

    def told_as(self, kind: str) -> Self:
        """The same error, told as this kind (include/alerts/kinds.yaml) where its class says too little."""
        self.facts["kind"] = kind
        return self

    def quoting(self, change: Callable[[str], str]) -> EuregioError:
        """This error with what was found in a publisher's bytes told as `change` gives it."""
        if self.found is not None:
            self.found = change(self.found if isinstance(self.found, str) else repr(self.found))
            self.args = (self._text(),)
        return self


class DeclarationError(EuregioError):
    """A declaration (dataset, table, region, suite, indicator) is wrong."""


class FetchError(EuregioError):
    """The publisher could not be reached, or answered with something that is not the dataset."""


class DecodeError(EuregioError):
    """The bytes are not what the format says. Nothing of them goes further; they stay landed.

    What was found may quote some characters of them. A worker whose log and words leave its country sets
    EUREGIO_TELL to `metadata`: then nothing is quoted, and the bytes are looked at where they landed.
    """

    def __init__(self, what: str, *, found: object = None, **told: Any) -> None:
        super().__init__(what, found=None if os.environ.get("EUREGIO_TELL") == "metadata" else found, **told)


class BatchRefused(EuregioError):
    """A critical rule failed: the batch is refused and the last good state stays."""


class ReleaseError(EuregioError):
    """The gate or the write into the layer refused."""


def _short(value: object, limit: int = 160) -> str:
    text = value if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
