"""A live dataset's address is public: this machine, its network and its cloud's keys are reached by no declaration."""

from __future__ import annotations

import pytest

from euregio.declarations.datasets import Dataset, load_datasets
from euregio.declarations.profiles import Profile, load_profile
from euregio.errors import DeclarationError
from euregio.extract.fetch.addresses import Reach
from euregio.extract.fetch.fetched import FetchFailed


def declared(url: str) -> Dataset:
    found = load_datasets()[0]
    return found.model_copy(update={"source": found.source.model_copy(update={"url": url})})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8950/x", "https://localhost/x", "http://[::1]/x", "http://169.254.169.254/latest/meta-data/", "http://10.1.2.3/x",
        "http://192.168.0.1/x", "http://[fe80::1]/x", "http://[::ffff:127.0.0.1]/x", "http://0.0.0.0/x", "http://100.64.0.1/x",
    ],
)  # fmt: skip
def test_the_live_profile_refuses_an_inside_address_and_names_the_dataset(url: str) -> None:
    with pytest.raises(DeclarationError, match=r"source\.url: .*own network or disk"):
        load_profile("live").source(declared(url), "2026-11-20")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "file://etc/passwd", "/etc/passwd"])
def test_the_live_profile_reads_no_files(url: str) -> None:
    with pytest.raises(DeclarationError):
        load_profile("live").source(declared(url), "2026-11-20")


def test_a_public_address_is_live_and_the_sandbox_is_on_loopback() -> None:
    public = declared("https://publisher.example/x.json")
    assert load_profile("live").source(public, "2026-11-20") == public.source
    sandbox = Profile(kind="sandbox", address="http://127.0.0.1:8950")
    assert sandbox.source(public, "2026-11-20").urls == (f"http://127.0.0.1:8950/{public.id}",)


def test_no_redirect_leads_from_outside_or_from_the_sandbox_to_a_clouds_keys() -> None:
    for url in ("https://publisher.example/x", "http://127.0.0.1:8950/x", "http://169.254.1.1/x"):
        with pytest.raises(FetchFailed, match="link-local"):
            Reach(url).next_hop(url.replace("https", "http"), "http://169.254.169.254/latest/meta-data/")
