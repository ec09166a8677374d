"""An S3 server that asks each request for its key and what the key may: moto with its IAM enforced."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx
from topology import _listens

from euregio.orchestration.installation import free_port
from euregio.orchestration.services import Services

READ = ("s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation")
WRITE = (*READ, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")


class GuardedStore:
    """Buckets and keys on a server that signs and judges every request once `guard` was called."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._made = {"endpoint_url": address, "region_name": "eu-central-1", "aws_access_key_id": "root",
                      "aws_secret_access_key": "root"}  # fmt: skip

    def bucket(self, name: str) -> None:
        """Make a bucket."""
        client: Any = boto3.client("s3", **self._made)
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def key(self, name: str, rights: dict[str, tuple[str, ...]]) -> dict[str, str]:
        """A key that may do with each bucket what is named, as environment variables of Euregio."""
        iam: Any = boto3.client("iam", **self._made)
        iam.create_user(UserName=name)
        statements = [
            {"Effect": "Allow", "Action": list(actions), "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]}
            for bucket, actions in rights.items()
        ]  # fmt: skip
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "EUREGIO_S3_ENDPOINT": self.address, "EUREGIO_S3_REGION": "eu-central-1",
            "EUREGIO_S3_KEY": made["AccessKeyId"], "EUREGIO_S3_SECRET": made["SecretAccessKey"],
        }  # fmt: skip

    def guard(self) -> None:
        """From here on every request is judged."""
        httpx.post(f"{self.address}/moto-api/reset-auth", content=b"0").raise_for_status()


@contextmanager
def guarded_store(logs: Path) -> Iterator[GuardedStore]:
    """A store on the loopback, ended on the way out."""
    port = free_port()
    with Services(logs) as services:
        program = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
        services.start("s3", [sys.executable, "-c", program], os.environ)
        services.wait_until(lambda: _listens(port), "the object store", every=0.1)
        yield GuardedStore(f"http://127.0.0.1:{port}")
