"""Where a dataset's bytes come from: the `source:` section of a dataset declaration (docs/how-to/fetch.md)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

#: A secret in an address, a header or a certificate path: `${NAME}` (environment) or `${conn:ID:FIELD}` (a connection).
SECRET = re.compile(
    r"\$\{(?:(?P<env>[A-Z][A-Z0-9_]{0,99})|conn:(?P<conn>[A-Za-z0-9_.-]{1,100}):(?P<field>[a-z_]{1,40}))\}"
)
#: What an address may take from the run: `{period}`, and of a dated period `{year}`, `{month}`, `{day}`.
PERIOD_PART = re.compile(r"(?<!\$)\{([a-z]*)\}")
PERIOD_PARTS = ("period", "year", "month", "day")

_SCHEMES = ("http", "https", "s3", "file")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
#: Headers that the transport writes itself; a declared one would break conditional requests, paging or the framing.
_OWN_HEADERS = {
    "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "range", "expect",
    "if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range", "proxy-authorization",
}  # fmt: skip
_SECRET_WORD = re.compile(
    r"(?i)authorization|\bauth\b|cookie|token|secret|passw|api[-_]?key|subscription-key|\bsig(nature)?\b|credential"
)
#: Environment variables that belong to the node, not to a publisher: no declaration may send them anywhere.
_NODE_VARIABLES = ("AIRFLOW", "AWS_", "PGPASS", "EUREGIO_LAYER", "EUREGIO_STORAGE")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Paging(_Strict):
    """How a publisher cuts its answer into pages. Each page is landed as a file of its own."""

    kind: Literal["link-header", "offset-limit", "next-field"]
    limit: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        default=None, description="Records per page to ask for; none: the publisher's own page size."
    )
    limit_parameter: str = Field(default="limit", pattern=r"^[A-Za-z0-9_.$\[\]-]{1,60}$")
    offset_parameter: str = Field(default="offset", pattern=r"^[A-Za-z0-9_.$\[\]-]{1,60}$")
    offset_counts: Literal["records", "pages"] = "records"
    first_offset: Annotated[int, Field(ge=0, le=1)] = 0
    items_field: str = Field(
        default="", max_length=100,
        description="Dotted path of the list of records in a JSON page; empty: the document itself, or OCPI's `data`.",
    )  # fmt: skip
    next_field: str = Field(
        default="next", min_length=1, max_length=100, description="Dotted path of the next address."
    )
    max_pages: Annotated[int, Field(ge=1, le=100_000)] = 2_000


class Timeouts(_Strict):
    """Seconds: to connect, to wait for the next bytes, and for one request altogether."""

    connect: Annotated[float, Field(gt=0, le=300)] = 15
    read: Annotated[float, Field(gt=0, le=3600)] = 60
    total: Annotated[float, Field(gt=0, le=86_400)] = 1800


class SourceSpec(_Strict):
    """The `source:` section. Only `url` is required; a known publisher needs no more.

    Secrets are named, never written: `${NAME}` or `${conn:ID:FIELD}` in `url`, `headers` and `certificate`.
    """

    url: str | tuple[str, ...] = Field(
        description="http(s)://, s3://, file:// or a path below the profile's root (with * ? [] as a glob); or a list of these."
    )
    certainty: Literal["sure", "likely", "unsure"] = Field(default="sure", description="How sure the address is.")
    link: str | None = Field(
        default=None, max_length=300,
        description="`url` is a web page; fetch the link on it whose address matches this regular expression (the last by name).",
    )  # fmt: skip
    headers: dict[str, str] = Field(default_factory=dict)
    certificate: str | None = Field(default=None, description="PEM file with client certificate and key (mutual TLS).")
    paging: Paging | None = None
    ceiling_bytes: Annotated[int, Field(ge=1, le=200_000_000_000)] = Field(
        default=2_000_000_000, description="No answer (all its pages together), packed or unpacked, may be larger."
    )
    content_types: tuple[str, ...] = Field(
        default=(), description="Accepted media types (`application/json`, `text/*`); none: all but web pages."
    )
    conditional: bool = Field(default=True, description="Ask with ETag/Last-Modified; false where a publisher's lie.")
    timeouts: Timeouts = Timeouts()
    attempts: Annotated[int, Field(ge=1, le=20)] = 4
    min_interval_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=0, description="Least time between two requests to this host."
    )
    max_concurrent: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="Most requests at once to this host."
    )

    @property
    def urls(self) -> tuple[str, ...]:
        """The declared addresses as a tuple."""
        return (self.url,) if isinstance(self.url, str) else self.url

    @property
    def by_http(self) -> bool:
        """Whether the bytes come over HTTP (else from files)."""
        return self.urls[0].lower().startswith(("http://", "https://"))

    @field_validator("paging", mode="before")
    @classmethod
    def _paging_by_name(cls, value: object) -> object:
        return {"kind": value} if isinstance(value, str) else value

    @field_validator("url")
    @classmethod
    def _known_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for url in (value,) if isinstance(value, str) else value:
            _check_address(url)
        if not value:
            raise ValueError("no address is declared")
        return value

    @field_validator("headers")
    @classmethod
    def _safe_headers(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"the header {name!r} is written by the transport; take it out")
            if not (text.isascii() and text.isprintable()):
                raise ValueError(f"the header {name!r} holds a line break or another character that no header may hold")
            _check_secrets(text, f"the header {name!r}")
            if _SECRET_WORD.search(name) and not SECRET.search(text):
                raise ValueError(
                    f"the header {name!r} is a secret: write ${{NAME}} and set the environment variable NAME"
                )
            if name.lower() == "accept-encoding" and set(re.split(r"[,\s]+", text.lower())) - {
                "gzip",
                "deflate",
                "identity",
            }:
                raise ValueError("Accept-Encoding may ask for gzip, deflate, identity; nothing else is unpacked here")
        return value

    @field_validator("certificate")
    @classmethod
    def _certificate_is_named(cls, value: str | None) -> str | None:
        if value is not None:
            _check_secrets(value, "the certificate")
        return value

    @field_validator("link")
    @classmethod
    def _link_is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"{value!r} is no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _one_way_of_fetching(self) -> SourceSpec:
        kinds = {url.lower().startswith(("http://", "https://")) for url in self.urls}
        if len(kinds) > 1:
            raise ValueError("the addresses mix HTTP and files; declare one kind")
        if not self.by_http and (self.headers or self.paging or self.link or self.certificate):
            raise ValueError("headers, paging, link and certificate belong to http(s) addresses")
        if self.link and self.paging:
            raise ValueError("a link on a page and paging exclude each other")
        return self


def _check_address(url: str) -> None:
    """Refuse what is no address; raises ValueError."""
    if not url or any(ord(char) < 32 for char in url):
        raise ValueError(f"{url!r} is no address: it is empty or holds a control character")
    scheme = url.split("://", 1)[0].lower() if "://" in url else ""
    if scheme and scheme not in _SCHEMES:
        raise ValueError(f"{scheme}:// is not supported; use {', '.join(_SCHEMES)} or a path below the profile's root")
    _check_secrets(url, "the address")
    if scheme in ("http", "https"):
        if " " in url:
            raise ValueError(f"{url!r} is no address: it holds a blank; write %20")
        authority = re.split(r"[/?#]", url.split("://", 1)[1], maxsplit=1)[0]
        if not authority:
            raise ValueError(f"{url!r} names no host")
        if "@" in authority:
            raise ValueError(
                "user and password do not belong into an address; declare an Authorization header with ${NAME}"
            )
        for pair in re.split(r"[?&#]", url)[1:]:
            name, _, text = pair.partition("=")
            if _SECRET_WORD.search(name) and text and not SECRET.search(text):
                raise ValueError(
                    f"the parameter {name!r} is a secret: write ${{NAME}} and set the environment variable NAME"
                )
    for part in PERIOD_PART.findall(url):
        if part not in PERIOD_PARTS:
            raise ValueError(
                f"{{{part}}} is unknown in an address; use {', '.join('{' + name + '}' for name in PERIOD_PARTS)}"
            )


def _check_secrets(text: str, where: str) -> None:
    """Each `${` begins a well-formed secret that is not the node's own; raises ValueError."""
    if "${" in SECRET.sub("", text):
        raise ValueError(f"{where} holds a broken placeholder; write ${{NAME}} (capitals) or ${{conn:ID:FIELD}}")
    for match in SECRET.finditer(text):
        if (match["env"] or "").startswith(_NODE_VARIABLES):
            raise ValueError(
                f"{where} names {match['env']}, a variable of the node itself; give the publisher's secret its own"
            )
