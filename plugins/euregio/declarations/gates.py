"""Limits of the gates: from where on a change against the last release is no news but an accident."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class GateLimits(BaseModel):
    """Shares of the last release that may change without a person; what changes more is held until one accepts it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    fall: Annotated[float, Field(default=0.3, ge=0, le=1, description="Share of the records that may be lost")] = 0.3
    rise: Annotated[
        float, Field(default=2.0, ge=0, description="Share that may be added (2.0: three times as many records)")
    ] = 2.0
    gone: Annotated[
        float, Field(default=0.1, ge=0, le=1, description="Share of the objects whose id may go or change")
    ] = 0.1
    emptied: Annotated[
        float,
        Field(default=0.1, ge=0, le=1, description="A field is lost when less than this share of its values is left"),
    ] = 0.1
