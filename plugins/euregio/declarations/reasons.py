"""What the reasons of the harmonising SQL mean: `include/reasons.yaml`, read and validated once."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FILE = PROJECT / "include" / "reasons.yaml"
#: Stands for the columns of the table's key.
KEY = "*key"


class Reason(BaseModel):
    """`says`: what is expected, in words; `fields`: the columns that it is about."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    says: str = Field(min_length=5)
    fields: tuple[str, ...] = Field(min_length=1)


class Reasons(BaseModel):
    """The whole of `include/reasons.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    topics: dict[str, str] = Field(min_length=1)
    reasons: dict[str, Reason]

    @field_validator("topics")
    @classmethod
    def _topics_are_patterns(cls, value: dict[str, str]) -> dict[str, str]:
        for topic, pattern in value.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"topic {topic!r} is no pattern: {error}") from error
        return value

    def pattern(self, columns: tuple[str, ...]) -> re.Pattern[str] | None:
        """What the publisher's own names of these columns look like: the topics that the columns' names belong to."""
        found = [one for one in self.topics.values() if any(re.search(one, column, re.I) for column in columns)]
        return re.compile("|".join(found), re.I) if found else None


@functools.cache
def load_reasons(path: Path = FILE) -> Reasons:
    """The reasons. Raises DeclarationError with line and field where the file is wrong."""
    return validated(Reasons, read_yaml(path), path)
