"""What tests of several rooms share: a real S3 server (moto) on loopback, started when first asked for."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest


def pytest_unconfigure() -> None:
    """Servers of packages log when the process ends, into streams that are closed by then: no fault of a test."""
    logging.raiseExceptions = False


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of a moto server of our own, ended afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=1).close()
                break
            except OSError:
                assert server.poll() is None, "the S3 server ended by itself"
                time.sleep(0.1)
        yield endpoint
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture(scope="session")
def s3_options(s3_server: str) -> dict[str, str]:
    """Settings.s3_options for that server, with a bucket `zones` in it."""
    import s3fs

    options = {"endpoint": s3_server, "region": "eu-central-1", "key": "k", "secret": "s"}
    fs = s3fs.S3FileSystem(key="k", secret="s", endpoint_url=s3_server, client_kwargs={"region_name": "eu-central-1"})
    fs.call_s3("create_bucket", Bucket="zones", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return options
