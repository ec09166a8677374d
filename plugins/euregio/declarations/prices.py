"""What work and storage cost here: `include/prices.yaml`. No price is known by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from euregio.declarations.yaml_file import read_yaml, validated
from euregio.settings import PROJECT

FILE = PROJECT / "include" / "prices.yaml"
Price = Annotated[float | None, Field(default=None, ge=0, allow_inf_nan=False)]


class PriceList(BaseModel):
    """Prices in the file's currency; one that is absent is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    core_hour: Annotated[Price, Field(description="An hour of one processor core")] = None
    gb_transferred: Annotated[Price, Field(description="10^9 bytes that came from a publisher")] = None
    gb_month: Annotated[Price, Field(description="10^9 bytes stored for a month")] = None

    @property
    def known(self) -> bool:
        """Whether there is a price at all."""
        return any(value is not None for value in (self.core_hour, self.gb_transferred, self.gb_month))


class Prices(PriceList):
    """The file: prices for all, and for countries whose workers stand elsewhere."""

    currency: Annotated[str | None, Field(default=None, pattern=r"^[A-Z]{3}$", description="ISO 4217, such as EUR")]
    source: Annotated[
        str | None, Field(default=None, min_length=3, description="Where the prices are from, and of when")
    ]
    countries: Annotated[
        dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], PriceList],
        Field(default_factory=dict, description="Prices of a country's own workers, by folder code"),
    ]

    @model_validator(mode="after")
    def _says_what_it_counts_in(self) -> Prices:
        if (self.known or any(each.known for each in self.countries.values())) and not (self.currency and self.source):
            raise ValueError("prices need a currency and a source")
        return self

    def of(self, country: str) -> PriceList:
        """Prices for a country's workers: its own, and the common ones where it has none."""
        own = self.countries.get(country, PriceList())
        common = {name: getattr(self, name) for name in PriceList.model_fields}
        return PriceList(**{**common, **{name: value for name, value in own if value is not None}})


def load_prices(path: Path | None = None) -> Prices:
    """The declared prices; none where there is no file. Raises DeclarationError for a file that is wrong."""
    path = path or FILE
    return validated(Prices, read_yaml(path), path) if path.is_file() else Prices.model_validate({})
