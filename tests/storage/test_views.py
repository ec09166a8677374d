"""Views say what they are, in the layer as in the dictionary, and a layer from before learns it."""

from __future__ import annotations

from pathlib import Path

from euregio.commands.console import run_query
from euregio.declarations.views import load_views
from euregio.settings import Settings
from euregio.storage.layer import open_layer

COMMENTS = "SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE database_name = 'lake'"


def test_every_view_says_what_it_is_also_in_a_layer_from_before(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/c.sqlite", layer_data=f"{tmp_path}/data")
    wanted = {view.place: view.comment for view in load_views()}
    assert len(wanted) > 8
    with open_layer(settings, read_only=False) as con:
        assert dict(con.execute(COMMENTS).fetchall()) == wanted
        con.execute("COMMENT ON VIEW core.current_tariff IS NULL")
    with open_layer(settings, read_only=False) as con:
        assert dict(con.execute(COMMENTS).fetchall()) == wanted


def test_the_prompt_shows_all_tables_and_the_columns_of_a_view_with_their_meaning(tmp_path: Path, capsys) -> None:
    settings = Settings(home=tmp_path, layer_catalogue=f"sqlite:{tmp_path}/c.sqlite", layer_data=f"{tmp_path}/data")
    with open_layer(settings, read_only=False) as con:
        run_query(con, ".tables")
        shown = capsys.readouterr().out
        assert all(view.place in shown for view in load_views())
        run_query(con, ".columns core.published_recharging_point")
        shown = capsys.readouterr().out
        for name in ("point_id", "power_kw", "_verdict"):
            assert name in shown
        assert "…" not in shown
        assert "When the publisher last changed the record, UTC" in shown
