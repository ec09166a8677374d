"""The simulated publishers: one module each, which turns a feed into the bytes of its native format."""

from __future__ import annotations

from euregio.sandbox.publishers import bnetza, datex2_json, datex2_xml, irve, ocpi, oicp
from euregio.sandbox.publishers.writing import Publisher

#: The simulated publishers by dataset id.
PUBLISHERS: dict[str, Publisher] = {
    publisher.dataset: publisher
    for module in (bnetza, irve, ocpi, oicp, datex2_xml, datex2_json)
    for publisher in module.PUBLISHERS
}
