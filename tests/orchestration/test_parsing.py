"""600 declared datasets are parsed from their files alone."""

from pathlib import Path

from many_datasets import parse_many


def test_six_hundred_declarations_are_parsed_without_network_lake_or_variable(tmp_path: Path, record_property) -> None:
    found = parse_many(tmp_path, 600)
    record_property("seconds", found["seconds"])
    assert found["errors"] == {}
    assert found["calls"] == []
    assert found["dags"] == 602  # and the watch
