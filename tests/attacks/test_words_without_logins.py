"""Errors of drivers quote what they were told to connect with; what leaves us holds no password, the traceback included."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import connect
from euregio.storage.journal import open_journal
from euregio.storage.kept import KeptLayer
from euregio.storage.layer import alone, open_layer
from euregio.storage.words import telling_no_login, without_login

STRINGS = {
    "plain": "host=127.0.0.1 port=9 user=u password=planted/7d1c09+= dbname=x",
    "quoted": "host=127.0.0.1 port=9 user=u password='planted/7d1c09+=\\'x' dbname=x",
    "two words": "host=127.0.0.1 port=9 user=u password=two planted/7d1c09 dbname=x",
    "address": "postgresql://u:planted%2F7d1c09@127.0.0.1:9/x",
    "broken address": "postgresql://u:planted%2F7d1c09@[::1/x",
    "unfinished": "host=127.0.0.1 password='planted/7d1c09 unfinished",
}


def layer(settings: Settings) -> Any:
    return open_layer(settings)


def writer(settings: Settings) -> Any:
    return open_layer(settings, read_only=False)


def kept(settings: Settings) -> Any:
    return KeptLayer().look(settings)


def journal(settings: Settings) -> Any:
    return open_journal(settings)


def lock(settings: Settings) -> Any:
    return alone(connect(settings, "postgres_scanner"), settings, "fr.charging__office")


@pytest.mark.parametrize("opened", [layer, writer, kept, journal, lock])
@pytest.mark.parametrize("said", STRINGS)
def test_a_database_that_cannot_be_reached_is_told_without_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, opened: Callable[[Settings], Any], said: str
) -> None:
    place = f"postgres:{STRINGS[said]}"
    settings = Settings(home=tmp_path, layer_catalogue=place, layer_data=str(tmp_path / "data"), journal=place)
    with caplog.at_level(logging.DEBUG), pytest.raises((EuregioError, duckdb.Error)) as raised, opened(settings):
        pass
    logging.getLogger("test").error("as Airflow logs it", exc_info=raised.value)
    whole = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value.__dict__)
    # the traceback's own lines quote this module, not the string: it stands in a table above
    assert "7d1c09" not in whole
    assert "cannot" in str(raised.value) or "Unable" in str(raised.value), "it still says what is wrong"


def test_a_catalogue_that_dies_in_the_middle_is_told_without_its_password() -> None:
    """As DuckDB words it when a connection is lost: the error of any statement, from one error to the next."""
    place = STRINGS["plain"]

    def release() -> None:
        try:
            try:
                raise OSError(f'Unable to connect to Postgres at "{place}": refused')
            except OSError as first:
                raise RuntimeError(f"Failed to commit: {place}") from first
        except RuntimeError as second:
            raise EuregioError("the release failed", found=str(second), where="fr.charging__office") from second

    with pytest.raises(EuregioError) as raised, telling_no_login("postgres", place):
        release()
    whole = "".join(traceback.format_exception(raised.value))
    assert "7d1c09" not in whole
    assert whole.count("…") >= 3
    assert "fr.charging__office: the release failed" in str(raised.value)


def test_what_has_no_login_is_told_as_it_is() -> None:
    with pytest.raises(OSError, match=r"no such file /a/b\.sqlite"), telling_no_login("sqlite", "/a/b.sqlite"):
        raise OSError("no such file /a/b.sqlite")
    assert without_login("refused by 10.0.0.1", STRINGS["plain"]) == "refused by 10.0.0.1"
