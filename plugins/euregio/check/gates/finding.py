"""What a gate found, and the refusal of a batch that a person may yet accept."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from euregio.errors import BatchRefused


@dataclass(frozen=True)
class Finding:
    """A difference to the last release. `gate` is volume, schema or identity; `blocks` says whether it holds the batch.

    `figures` are counts and names of columns for the record; no values of rows.
    """

    gate: str
    what: str
    blocks: bool
    figures: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"gate": self.gate, "what": self.what, "blocks": self.blocks, "figures": self.figures}


class BatchBlocked(BatchRefused):
    """A gate holds the batch: the last good state stays, until a person accepts it or the publisher mends it."""

    findings: tuple[Finding, ...] = ()
    batch: str = ""

    def at(self, where: str) -> BatchBlocked:
        """The same with `where` put in front of its place."""
        error = BatchBlocked(
            self.what, where=f"{where}: {self.where}" if self.where else where, found=self.found, expected=self.expected, do=self.do
        )  # fmt: skip
        error.findings, error.batch, error.facts = self.findings, self.batch, self.facts
        return error

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the gates that hold it."""
        return tuple(sorted({one.gate for one in self.findings if one.blocks}))


def block(findings: Sequence[Finding], where: str, batch: str, accepted: Collection[str] = ()) -> None:
    """Raise BatchBlocked for the batch of this name, in one line, where a finding blocks whose gate is not among the `accepted`."""
    held = [one for one in findings if one.blocks and one.gate not in accepted]
    if not held:
        return
    gates = ", ".join(sorted({one.gate for one in held}))
    error = BatchBlocked(
        f"held by the gate {gates}: " + "; ".join(one.what for one in held), where=where,
        do="The last good state stays. Ask the publisher; where it is meant, accept it by name and with a reason "
        f"(docs/how-to/gates.md): euregio accept {where} --batch {batch} --gates {gates.replace(' ', '')} --reason …",
    )  # fmt: skip
    error.findings, error.batch = tuple(held), batch
    raise error


def is_beyond_chance(before: int, lost: int) -> bool:
    """Whether so many of `before` can hardly be lost by the usual coming and going (three times its square root).

    In a small dataset a few objects are a great share: a share alone would cry wolf.
    """
    return lost > 3 * math.sqrt(before)
