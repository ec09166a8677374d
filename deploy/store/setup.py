"""Buckets and keys of the object store, through Garage's admin API (v2): one zone for each country, and the layer.

Run again it finds them made. A country's key reads and writes its own zone and the layer, and no other zone; the key
`analyst` reads the layer.
`STORE_ADMIN` is the API's address; keys (`id:secret`) and the token are files `store_key_<name>`, `store_admin_token`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx

#: Keys of the layer alone.
NO_ZONE = {"layer", "analyst"}


def main(client: httpx.Client, folder: Path) -> None:
    """Make what is not there yet. Raises httpx.HTTPStatusError with Garage's answer where it refuses."""
    keys = {path.name.removeprefix("store_key_"): path.read_text().strip() for path in folder.glob("store_key_*")}
    layer = bucket(client, "layer")
    for name, key in sorted(keys.items()):
        identity, _, secret = key.partition(":")
        if found(client, "GetKeyInfo", id=identity) is None:
            ask(client, "ImportKey", {"accessKeyId": identity, "secretAccessKey": secret, "name": name})
        for owned in [layer] if name in NO_ZONE else [layer, bucket(client, f"zone-{name}")]:
            which = {"bucketId": owned, "accessKeyId": identity}
            rights = {"read": True, "write": name != "analyst", "owner": False}
            ask(client, "AllowBucketKey", {**which, "permissions": rights})
            # allowing takes nothing away: what a key was given before, by hand, goes here
            ask(client, "DenyBucketKey", {**which, "permissions": {right: not has for right, has in rights.items()}})
    print(f"store: the layer and {len(set(keys) - NO_ZONE)} zones are ready")


def bucket(client: httpx.Client, name: str) -> str:
    """Id of the bucket, which is made where it is not there."""
    there = found(client, "GetBucketInfo", globalAlias=name) or ask(client, "CreateBucket", {"globalAlias": name})
    return str(there["id"])


def found(client: httpx.Client, what: str, **which: str) -> Any:
    """What the store says of a thing, or None where it has none of that name."""
    answer = client.get(f"/v2/{what}", params=which)
    return answer.raise_for_status().json() if answer.status_code not in (400, 404) else None


def ask(client: httpx.Client, what: str, body: dict[str, Any]) -> Any:
    """The store's answer to a request that changes something."""
    return client.post(f"/v2/{what}", json=body).raise_for_status().json()


if __name__ == "__main__":
    given = Path(os.environ.get("EUREGIO_SECRETS_DIR", "/run/secrets"))
    token = (given / "store_admin_token").read_text().strip()
    with httpx.Client(
        base_url=os.environ["STORE_ADMIN"], headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False,
        transport=httpx.HTTPTransport(retries=10),
    ) as opened:  # fmt: skip
        main(opened, given)
