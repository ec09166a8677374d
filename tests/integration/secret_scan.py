"""Looks for secrets in bytes: as they are, escaped for addresses, JSON and HTML, in hexadecimal and in base64."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

#: Characters of a piece. Ten of a random secret do not stand somewhere by chance.
PIECE = 10


def forms(secret: str) -> set[bytes]:
    """What a secret may look like in a file. Of base64 the part that is the same whatever stands before and after it."""
    raw = secret.encode()
    texts = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
    }
    texts |= {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), text) for text in texts}
    texts |= {secret.replace("/", "\\/"), secret.replace("&", "\\u0026"), raw.hex(), raw.hex().upper()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            coded = encode(b"\0" * before + raw + b"\0" * (-(before + len(raw)) % 3)).decode()
            # the first and the last characters hold bits of the neighbours
            texts.add(coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return {text.encode() for text in texts}


def pieces(secret: str) -> set[bytes]:
    """Parts of which any quotation of twice their length holds one: a text may be cut in the middle of a secret."""
    return {secret[at : at + PIECE].encode() for at in range(0, len(secret) - PIECE + 1, PIECE)}


class Scan:
    """Secrets by their names, found in any of their forms and in pieces."""

    def __init__(self, secrets: dict[str, str]) -> None:
        assert all(len(secret) >= 12 for secret in secrets.values()), "a shorter one may stand there by chance"
        self._names = {form: name for name, secret in secrets.items() for form in forms(secret) | pieces(secret)}

    def found(self, content: bytes) -> set[str]:
        """Names of the secrets that stand in the bytes."""
        return {name for form, name in self._names.items() if form in content}

    def over(self, places: Iterable[tuple[str, bytes]]) -> Iterator[str]:
        """Each place with what was found in it."""
        for where, content in places:
            if names := self.found(content):
                yield f"{where}: {', '.join(sorted(names))}"
