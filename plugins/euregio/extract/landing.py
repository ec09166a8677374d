"""Landing: fetched bytes kept unchanged in the zone under their SHA-256, each with a manifest of where it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from euregio.errors import FetchError
from euregio.extract.fetch.fetched import Fetched, NotModified, Validators
from euregio.storage.meter import moved
from euregio.storage.zones import MissingFile, Zone

_VALIDATORS = "landing/validators.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: A file that comes from ever new addresses (signed links) keeps the latest of them.
_MOST_ADDRESSES = 50
#: Addresses, latest last, whose validators are kept for the next conditional request.
_MOST_VALIDATORS = 1000


@dataclass(frozen=True)
class DatasetFacts:
    """What a manifest says about the dataset: who it is, and under which terms its bytes came."""

    id: str
    licence: str | None = None
    attribution: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class LandedFile:
    """One file in the zone: `landing/<sha256>`, its size, the name a user knows it by, and its manifest's path."""

    sha256: str
    size_bytes: int
    name: str
    manifest_rel: str

    @property
    def rel(self) -> str:
        """Path of the bytes in the zone."""
        return f"landing/{self.sha256}"


@dataclass(frozen=True)
class Landed:
    """What a fetch left in the zone, in the order of the fetch, each file once.

    `unchanged`: the publisher offers the same bytes as at the last landing of this dataset. That says nothing about
    how far the last run came: whoever ends a run early must also know that its batch is done.
    """

    files: tuple[LandedFile, ...]
    unchanged: bool


def land(
    zone: Zone, fetched: Iterable[Fetched | NotModified], facts: DatasetFacts, *, now: datetime | None = None
) -> Landed:
    """Move fetched files into the zone, and write their manifests. Landing the same again changes only `last_seen`.

    First the bytes, then the manifest, then the validators, each whole or not at all: a crash in between leaves
    files that the next landing completes. Raises ZoneError; FetchError where nothing was fetched, or where the file
    that a publisher calls unmodified is no longer in the zone.
    """
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    results = list(fetched)
    if not results:
        raise FetchError("nothing was fetched", where=facts.id)
    state, files = _state(zone), dict[str, LandedFile]()
    addresses: dict[str, dict[str, str | None]] = dict(state["addresses"])
    for result in results:
        rel = f"landing/{result.sha256}"
        if isinstance(result, Fetched):
            if result.status is not None:  # over HTTP
                moved("fetched", result.size_bytes)
            if not _holds(zone, rel, result.size_bytes):
                zone.put_file(result.path, rel, move=True)
                moved("landed", result.size_bytes)
            else:
                result.path.unlink(missing_ok=True)
            known = result.validators
            addresses.pop(result.address, None)
            addresses[result.address] = {
                "sha256": known.sha256,
                "etag": known.etag,
                "last_modified": known.last_modified,
            }
        manifest = _manifest(zone, result, facts, moment)
        zone.write_bytes(f"{rel}.json", _json(manifest))
        files[result.sha256] = LandedFile(result.sha256, manifest["size_bytes"], manifest["name"], f"{rel}.json")
    last = list(files)
    kept = dict(list(addresses.items())[-_MOST_VALIDATORS:])
    zone.write_bytes(_VALIDATORS, _json({"last": last, "addresses": kept}))
    return Landed(tuple(files.values()), unchanged=sorted(last) == sorted(state["last"]))


def validators(zone: Zone) -> dict[str, Validators]:
    """What is known for the next conditional request, by address; only of files that the zone still holds."""
    known = {}
    held: dict[str, bool] = {}
    for address, facts in _state(zone)["addresses"].items():
        sha256 = facts["sha256"]
        if not (facts.get("etag") or facts.get("last_modified")):
            continue
        if sha256 not in held:
            held[sha256] = zone.exists(f"landing/{sha256}") and zone.exists(f"landing/{sha256}.json")
        if held[sha256]:
            known[address] = Validators(sha256, facts.get("etag"), facts.get("last_modified"))
    return known


def forget(zone: Zone, files: Iterable[str]) -> None:
    """Ask for these files anew next time, without condition.

    A transfer that was cut off carries the whole file's ETag: asked with it, the publisher would say "not modified" of
    the broken bytes for ever.
    """
    state, unwanted = _state(zone), set(files)
    kept = {address: facts for address, facts in state["addresses"].items() if facts["sha256"] not in unwanted}
    zone.write_bytes(_VALIDATORS, _json({"last": state["last"], "addresses": kept}))


def manifest_of(zone: Zone, sha256: str) -> dict[str, Any]:
    """The manifest of a landed file. Raises MissingFile, FetchError where it cannot be read."""
    try:
        return dict(json.loads(zone.read_bytes(f"landing/{sha256}.json")))
    except ValueError as error:
        raise FetchError(
            "the manifest is damaged", where=f"landing/{sha256}.json", do="Fetch the dataset again."
        ) from error


def _manifest(zone: Zone, result: Fetched | NotModified, facts: DatasetFacts, moment: str) -> dict[str, Any]:
    """The manifest, carried on from the one before, if there is one."""
    try:
        before = manifest_of(zone, result.sha256)
    except MissingFile:
        before = {}
    except FetchError:
        before = {}  # the bytes are there and whole: their name is their hash
    if isinstance(result, NotModified):
        if not before:
            raise FetchError(
                "the publisher says nothing changed, but the file is no longer in the zone", where=result.address,
                do="Run again: it will be fetched anew.",
            )  # fmt: skip
        return before | {"last_seen": moment, "licence": facts.licence, "attribution": facts.attribution}
    addresses = [address for address in before.get("addresses", []) if address != result.address]
    return {
        "sha256": result.sha256,
        "size_bytes": result.size_bytes,
        "name": result.name,
        "dataset": facts.id,
        "licence": facts.licence,
        "attribution": facts.attribution,
        "declared_address": facts.address,
        "address": result.address,
        "addresses": [*addresses, result.address][-_MOST_ADDRESSES:],
        "fetched_at": result.fetched_at.astimezone(UTC).isoformat(timespec="seconds"),
        "first_seen": before.get("first_seen", moment),
        "last_seen": moment,
        "status": result.status,
        "headers": dict(result.headers),
    }


def _state(zone: Zone) -> dict[str, Any]:
    """The validators' file; empty where there is none, or where it is damaged: then everything is fetched anew."""
    try:
        state = json.loads(zone.read_bytes(_VALIDATORS))
        addresses = {
            str(address): facts
            for address, facts in state["addresses"].items()
            if isinstance(facts, Mapping) and _SHA256.fullmatch(str(facts.get("sha256")))
        }
        return {"last": [str(sha256) for sha256 in state["last"]], "addresses": addresses}
    except (MissingFile, ValueError, KeyError, TypeError, AttributeError):
        return {"last": [], "addresses": {}}


def _holds(zone: Zone, rel: str, size_bytes: int) -> bool:
    return zone.exists(rel) and zone.size(rel) == size_bytes


def _json(facts: object) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False, sort_keys=False) + "\n").encode()
