"""A file cut off at any byte is refused in one line; only where the format has no end mark may what is left be read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from euregio.errors import DecodeError
from euregio.extract.decode.registry import formats
from euregio.extract.decoded import decode_file

CASES = Path(__file__).resolve().parents[1] / "decode"
#: Places of a cut in each file besides its last bytes: every byte of all formats would take minutes.
CUTS = 60


def smallest(format_name: str) -> Path | None:
    """The smallest sound file of a format among the cases of tests/decode."""
    files = [
        path for path in (CASES / format_name).glob("*/*")
        if path.name != "expect.json" and path.parent.name not in ("cut-off", "error-envelope")
    ]  # fmt: skip
    return min(files, key=lambda path: path.stat().st_size, default=None)


FILES = {name: path for name in formats() if (path := smallest(name))}


@pytest.mark.parametrize("name", FILES)
def test_a_cut_is_seen_wherever_the_format_has_an_end(name: str, tmp_path: Path) -> None:
    whole = FILES[name].read_bytes().rstrip()
    con = duckdb.connect()

    def records(content: bytes) -> int:
        file = tmp_path / "given"
        file.write_bytes(content)
        return decode_file(name, file, tmp_path / "out.parquet", con, name="given", file_id="f1").records

    expected = records(whole)
    assert expected > 0
    for cut in sorted({*range(1, len(whole), max(len(whole) // CUTS, 1)), *range(max(len(whole) - 5, 1), len(whole))}):
        left = whole[:cut]
        try:
            found = records(left)
        except DecodeError as error:
            assert "\n" not in str(error)  # noqa: PT017  either way is right
        else:
            assert FILES[name].suffix == ".csv", f"cut at byte {cut} and not seen"
            assert found <= max(left.count(b"\n"), 1)  # whole lines, and at most the one in whose last cell it was cut
