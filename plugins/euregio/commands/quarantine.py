"""What a dataset's latest release kept back: read from the zone, for those who may read the zone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from euregio import pipeline
from euregio.commands.side_by_side import side_by_side
from euregio.declarations import datasets
from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import connect, quoted
from euregio.storage.layer import open_layer


def quarantined(dataset_id: str, rows: int, width: int, settings: Settings | None = None) -> Iterator[str]:
    """Lines for people: the reasons with their counts, then the first rows, side by side in `width` characters, and where
    whole rows lie. Raises EuregioError where nothing was released."""
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    with open_layer(settings) as con:
        released = con.execute(
            f"SELECT table_name, period, batch_id FROM catalogue.current_release WHERE dataset = {quoted(dataset_id)} ORDER BY 1"
        ).fetchall()
    if not released:
        raise EuregioError("nothing of it was released yet", where=dataset_id)
    zone = pipeline.zone_of(dataset, settings)
    con = connect(settings, "spatial")
    for table, period, batch in released:
        batch_folder = f"batches/{period.replace(':', '')}/{batch}"
        counts = json.loads(zone.read_bytes(f"{batch_folder}/rows-{table}.json"))
        yield f"{dataset_id} {period}, {table}: {counts['quarantined']} of {counts['rows']} rows quarantined"
        for reason, number in counts["reasons"].items():
            yield f"  {number:>9}  {reason}"
        source = quoted(str(zone.local(f"{batch_folder}/rows-{table}.parquet")))
        result = con.sql(
            f"SELECT _reasons, _file || '#' || _record AS _raw, * EXCLUDE (_file, _record, _point, _verdict, _reasons, _corrections) "
            f"FROM read_parquet({source}) WHERE _verdict = 'quarantined' LIMIT {int(rows)}"
        )
        names = result.columns
        if found := [dict(zip(names, row, strict=True)) for row in result.fetchall()]:
            yield ""
            yield from side_by_side(found, width)
            yield ""
            yield f"  Whole rows: SELECT * FROM {source} WHERE _verdict = 'quarantined'"
    con.close()
