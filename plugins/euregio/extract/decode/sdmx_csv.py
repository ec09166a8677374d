"""SDMX-CSV as Eurostat's API gives it: one observation a row, its dimensions as codes."""

from __future__ import annotations

from euregio.extract.decode.headers import Fields, key

#: Columns of every flow: SDMX-CSV 1.0 (DATAFLOW) and 2.0 (STRUCTURE_ID), with Eurostat's own attributes.
_COMMON = ("DATAFLOW", "LAST UPDATE", "freq", "unit", "geo", "TIME_PERIOD", "OBS_VALUE", "OBS_FLAG", "CONF_STATUS")
_ALIASES = {"STRUCTURE_ID": "DATAFLOW", "OBS_STATUS": "OBS_FLAG"}


def sdmx_fields(*dimensions: str, essential: tuple[str, ...] = ()) -> Fields:
    """The fields of a flow with further `dimensions`, of which `essential` must be there besides place, time and value."""
    names = tuple(name.replace(" ", "_") for name in (*_COMMON, *dimensions))
    return Fields(
        names=names,
        aliases={key(name): name for name in names} | {key(alias): name for alias, name in _ALIASES.items()},
        essential=(("geo",), ("TIME_PERIOD",), ("OBS_VALUE",), *((name,) for name in essential)),
    )
