"""What a dataset's latest release kept back: read from the zone, for those who may read the zone."""

from __future__ import annotations

import json
from collections.abc import Iterator

from euregio import pipeline
from euregio.declarations import datasets
from euregio.errors import EuregioError
from euregio.settings import Settings
from euregio.storage.duck import connect, quoted
from euregio.storage.layer import open_layer


def quarantined(dataset_id: str, rows: int, settings: Settings | None = None) -> Iterator[str]:
    """Lines for people: the reasons with their counts, then the first rows. Raises EuregioError where nothing was released."""
    settings = settings or Settings()
    dataset = datasets.dataset(dataset_id)
    with open_layer(settings) as con:
        found = con.execute(
            f"SELECT table_name, period, batch_id FROM catalogue.current_release WHERE dataset = {quoted(dataset_id)} ORDER BY 1"
        ).fetchall()
    if not found:
        raise EuregioError("nothing of it was released yet", where=dataset_id)
    zone = pipeline.zone_of(dataset, settings)
    con = connect(settings, "spatial")
    for table, period, batch in found:
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
        for row in result.fetchall():
            kept = {name: value for name, value in zip(names, row, strict=True) if value not in (None, [])}
            yield "  " + json.dumps(kept, default=str, ensure_ascii=False)
    con.close()
