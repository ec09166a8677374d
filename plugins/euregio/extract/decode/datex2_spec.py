"""What is read of DATEX II energy infrastructure: one table of rules that the fast XML reader, the plain one and JSON share.

A reader walks a site's elements with a state. In each state the rules say by local name what an element is: a record
(site, station, refill point, connector …), a value of the current record, or only a way to deeper elements. What a
reader finds it writes as items, pairs of a code and a text, in document order; `datex2_rows` makes rows of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass
class Kind:
    """A kind of record: its `parent` kind, fields of one value and of many; `one`: only the first in a parent counts.

    The item that begins a record carries `code` and the record's id; further fields have codes of their own.
    """

    name: str
    parent: str | None
    one: bool
    code: int = 0
    scalars: dict[str, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)
    type: Any = None


@dataclass(frozen=True)
class Rule:
    """What an element is. `action`: enter, record, text (a code of a list too), words (in languages), id (of a
    reference), ident (an identifier, plain or with its type), leaves (every text below, as `name=text`)."""

    action: str
    state: str = ""
    kind: str = ""
    column: str = ""


@dataclass
class Spec:
    """Rules by state, kinds by name, codes by (kind, field); `levels` are the kinds of a row, outermost first."""

    levels: tuple[str, str, str]
    kinds: dict[str, Kind] = field(default_factory=dict)
    states: dict[str, dict[str, Rule]] = field(default_factory=dict)
    codes: int = 0

    def kind(self, name: str, parent: str | None, scalars: str = "", lists: str = "", one: bool = False) -> None:
        kind = Kind(name, parent, one, code=self._code())
        kind.scalars = {column: kind.code if column == "id" else self._code() for column in scalars.split()}
        kind.lists = {column: self._code() for column in lists.split()}
        self.kinds[name] = kind

    def code(self, rule: Rule) -> int:
        kind = self.kinds[rule.kind]
        return kind.scalars[rule.column] if rule.column in kind.scalars else kind.lists[rule.column]

    def _code(self) -> int:
        self.codes += 1
        return self.codes


def _texts(kind: str, names: str) -> dict[str, Rule]:
    return {name: Rule("text", kind=kind, column=name) for name in names.split()}


def _words(kind: str, names: str) -> dict[str, Rule]:
    return {name: Rule("words", kind=kind, column=name) for name in names.split()}


def _place(spec: Spec, level: str) -> Rule:
    """A location in any of its classes and extensions: two kinds of coordinates, a line or polygon, an address.

    Of OpenLR only what is the place itself (a coordinate, a point of interest), not the ends of the road that it lies on.
    """
    place = f"{level}.location"
    spec.kind(f"{level}.pointByCoordinates", level, "latitude longitude", one=True)
    spec.kind(f"{level}.coordinatesForDisplay", level, "latitude longitude", one=True)
    spec.kind(f"{level}.address", level, "postcode city countryCode", one=True)
    spec.kind(f"{level}.address.addressLine", f"{level}.address", "type text")
    spec.states[place] = {
        "pointByCoordinates": Rule("record", f"{place}.pointByCoordinates", f"{level}.pointByCoordinates"),
        "coordinatesForDisplay": Rule("record", f"{place}.coordinatesForDisplay", f"{level}.coordinatesForDisplay"),
        "locationForDisplay": Rule("record", f"{place}.coordinatesForDisplay", f"{level}.coordinatesForDisplay"),
        "pointCoordinates": Rule("record", f"{place}.pointByCoordinates", f"{level}.pointByCoordinates"),
        "openlrGeoCoordinate": Rule("enter", f"{place}.openlr"),
        "openlrPoiWithAccessPoint": Rule("enter", f"{place}.openlr"),
        "tpegLinearLocation": Rule("enter", f"{place}.line_ends"),
        "address": Rule("record", f"{place}.address", f"{level}.address"),
        **(_gml(level) if "posList" in spec.kinds[level].scalars else {}),
        "*": Rule("enter", place),
    }
    spec.states[f"{place}.openlr"] = {
        "openlrCoordinates": Rule("record", f"{place}.pointByCoordinates", f"{level}.pointByCoordinates")
    }
    spec.states[f"{place}.line_ends"] = {}
    for point in ("pointByCoordinates", "coordinatesForDisplay"):
        spec.states[f"{place}.{point}"] = {
            "pointCoordinates": Rule("enter", f"{place}.{point}"),
            **_texts(f"{level}.{point}", "latitude longitude"),
        }
    spec.states[f"{place}.address"] = {
        **_texts(f"{level}.address", "postcode countryCode"),
        **_words(f"{level}.address", "city"),
        "addressLine": Rule("record", f"{place}.line", f"{level}.address.addressLine"),
    }
    spec.states[f"{place}.line"] = {
        **_texts(f"{level}.address.addressLine", "type"),
        **_words(f"{level}.address.addressLine", "text"),
    }
    return Rule("enter", place)


def _gml(level: str) -> dict[str, Rule]:
    return {name: Rule("text", kind=level, column="posList") for name in ("posList", "pos")}


def _facility(spec: Spec, level: str) -> dict[str, Rule]:
    """What site, station and refill point have alike: names, place, operator, hours, rates."""
    place = _place(spec, level)
    operator = f"{level}.operator"
    spec.kind(operator, level, "id name legalName operatorId", one=True)
    spec.kind(f"{operator}.externalIdentifier", operator, "identifier typeOfIdentifier")
    spec.states[operator] = {
        **_texts(operator, "operatorId"),
        **_words(operator, "name legalName"),
        "externalIdentifier": Rule("ident", f"{operator}.ident", f"{operator}.externalIdentifier"),
        "externalCode": Rule("ident", f"{operator}.ident", f"{operator}.externalIdentifier"),
    }
    spec.states[f"{operator}.ident"] = _texts(f"{operator}.externalIdentifier", "identifier typeOfIdentifier")
    hours = f"{level}.operatingHours"
    spec.kind(
        hours, level, "type id label operatingAllYear permananentlyClosed temporarilyClosed", "overallPeriod", one=True
    )
    closure = _texts(hours, "permananentlyClosed temporarilyClosed")
    closure["permanentlyClosed"] = closure["permananentlyClosed"]  # the standard's own misspelling, and the mended word
    spec.states[hours] = {
        **_texts(hours, "label operatingAllYear"),
        "closureInformation": Rule("enter", f"{hours}.closure"),
        "overallPeriod": Rule("leaves", kind=hours, column="overallPeriod"),
    }
    spec.states[f"{hours}.closure"] = closure
    return {
        **_texts(level, "lastUpdated"),
        **_words(level, "name"),
        "operatingHours": Rule("record", hours, hours),
        "locationReference": place,
        "operator": Rule("record", operator, operator),
    }


def _rates(spec: Spec, level: str) -> dict[str, Rule]:
    """Prices and ways to pay, wherever a version of the standard has put them below a facility."""
    rate, price, state = f"{level}.energyRate", f"{level}.energyRate.energyPrice", f"{level}.rates"
    spec.kind(rate, level, "id ratePolicy lastUpdated applicableCurrency rateName", "conditions")
    spec.kind(price, rate, "priceType value taxIncluded taxRate", "conditions")
    pay = {"paymentMeans": Rule("text", kind=level, column="paymentMeans")}
    spec.states[state] = {
        "energyRate": Rule("record", rate, rate),
        "energyRateByReference": Rule("id", kind=level, column="energyRateByReference"),
        **pay,
        "*": Rule("enter", state),
    }
    spec.states[rate] = {
        **_texts(rate, "ratePolicy lastUpdated applicableCurrency"),
        **_words(rate, "rateName"),
        "energyPrice": Rule("record", price, price),
        "paymentMethod": Rule("enter", state),
        "payment": Rule("enter", state),
        "energyPricing": Rule("enter", rate),
        "additionalInformation": Rule("enter", f"{rate}.nothing"),
        "*": Rule("leaves", kind=rate, column="conditions"),
    }
    spec.states[f"{rate}.nothing"] = {}
    spec.states[price] = {
        **_texts(price, "priceType value taxIncluded taxRate"),
        "*": Rule("leaves", kind=price, column="conditions"),
    }
    enter = Rule("enter", state)
    return {
        "electricEnergy": enter,
        "electricEnergyMix": enter,
        "energyProduct": enter,  # 3.7; its class is ElectricEnergy
        "rates": enter,
        "energyRate": Rule("record", rate, rate),
    }


@cache
def table_spec() -> Spec:
    """EnergyInfrastructureTablePublication: a row is a refill point with its station and site."""
    spec = Spec(("site", "station", "point"))
    spec.kind("site", None, "id name additionalInformation lastUpdated typeOfSite brand posList",
              "exclusiveUsers paymentMeans")  # fmt: skip
    spec.kind("station", "site", "id name lastUpdated totalMaximumPower numberOfRefillPoints posList",
              "authenticationAndIdentificationMethods paymentMeans energyRateByReference")  # fmt: skip
    spec.kind("point", "station",
              "id type name lastUpdated evseId currentType numberOfConnectors",
              "usageType availableVoltage availableChargingPower authenticationAndIdentificationMethods paymentMeans"
              " energyRateByReference")  # fmt: skip
    spec.kind("point.connector", "point",
              "id evseId connectorType otherConnector chargingMode connectorFormat maxPowerAtSocket voltage"
              " maximumCurrent")  # fmt: skip
    spec.states["site"] = {
        **_facility(spec, "site"),
        **_texts("site", "typeOfSite exclusiveUsers"),
        **_words("site", "brand additionalInformation"),
        "rates": Rule("enter", "site.rates"),
        "energyInfrastructureStation": Rule("record", "station", "station"),
    }
    spec.states["site.rates"] = {**_texts("site", "paymentMeans"), "*": Rule("enter", "site.rates")}
    # Some publishers give the place of a site only as its entrance.
    spec.kind("site.entrance", "site", one=True)
    spec.states["site"]["entrance"] = Rule("record", _place(spec, "site.entrance").state, "site.entrance")
    spec.states["station"] = {
        **_facility(spec, "station"),
        **_rates(spec, "station"),
        **_texts("station", "totalMaximumPower numberOfRefillPoints authenticationAndIdentificationMethods"),
        "refillPoint": Rule("record", "point", "point"),
    }
    spec.states["point"] = {
        **_facility(spec, "point"),
        **_rates(spec, "point"),
        "externalIdentifier": Rule("ident", "point.ident", "point.externalIdentifier"),
        **_texts("point", "evseId currentType numberOfConnectors usageType availableVoltage availableChargingPower"
                          " authenticationAndIdentificationMethods"),
        "connector": Rule("record", "point.connector", "point.connector"),
    }  # fmt: skip
    spec.kind("point.externalIdentifier", "point", "identifier typeOfIdentifier")
    spec.states["point.ident"] = _texts("point.externalIdentifier", "identifier typeOfIdentifier")
    spec.states["point.connector"] = {
        **_texts("point.connector", "evseId connectorType otherConnector chargingMode connectorFormat maxPowerAtSocket"
                                    " voltage maximumCurrent"),
        # some profiles write the point's EVSE id at its connectors: it goes behind the point's own identifiers
        "externalIdentifier": Rule("ident", "point.ident", "point.externalIdentifier"),
    }  # fmt: skip
    return spec


@cache
def status_spec() -> Spec:
    """EnergyInfrastructureStatusPublication: a row is the status of a refill point; planned statuses are not read."""
    spec = Spec(("site", "station", "point"))
    facility = "reference lastUpdated operationStatus openingStatus"
    spec.kind("site", None, facility)
    spec.kind("station", "site", f"{facility} isAvailable status")
    spec.kind("point", "station", f"type {facility} status")
    for level in spec.levels:
        spec.states[level] = {
            "reference": Rule("id", kind=level, column="reference"),
            **_texts(level, "lastUpdated operationStatus openingStatus"),
        }
    spec.states["site"]["energyInfrastructureStationStatus"] = Rule("record", "station", "station")
    spec.states["station"] |= _texts("station", "isAvailable status")
    spec.states["station"]["refillPointStatus"] = Rule("record", "point", "point")
    spec.states["point"] |= _texts("point", "status")
    return spec
