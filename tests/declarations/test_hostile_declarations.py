"""Declarations that attack whoever reads them end in one line that names the file, quickly."""

from __future__ import annotations

from pathlib import Path

import pytest

from euregio.declarations.datasets import load_dataset
from euregio.errors import DeclarationError

SOUND = """title: "Charging points"
publisher: "Someone"
format: irve-static
rhythm: P1D
source: {url: "https://example.org/a.csv", certainty: sure}
"""
LAUGHS = "x: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)

HOSTILE = {
    "a billion laughs in a field": (LAUGHS + SOUND + "notes: *j\n", "here belongs text"),
    "a billion laughs beside the fields": (LAUGHS + SOUND, "no such field"),
    "a list that holds itself": (SOUND.replace('"Someone"', "&a [*a]"), "here belongs text"),
    "deep nesting": (SOUND + "notes: " + "{a: " * 5000 + "1" + "}" * 5000, "too deep"),
    "deeper nesting": (SOUND + "notes: " + "[" * 100_000 + "]" * 100_000, "too deep"),
    "deep nesting of lists": (SOUND + "notes:\n" + "- " * 20_000 + "1", "too deep"),
    "a Python object": (SOUND + 'notes: !!python/object/apply:os.system ["false"]\n', "not YAML"),
    "a field that stands twice": (SOUND + "publisher: Another\n", "publisher stands twice"),
    "a field of a field that stands twice": (SOUND + "release: {access: open, rows: 'false', rows: 'true', fields: [power]}\n", "rows stands twice"),
    "two documents": (SOUND + "---\n" + SOUND, "not YAML"),
    "zero bytes": (SOUND + "notes: a\x00b\n", "not YAML"),
    "a format that is a path": (SOUND.replace("irve-static", "../irve_static"), "format"),
    "a time zone that is a path": (SOUND + "time_zone: ../../etc/passwd\n", "time zone"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_it_ends_in_one_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "fr" / "charging__someone.yaml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError, match=message) as caught:
        load_dataset(file)
    assert "charging__someone.yaml" in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "\n" not in str(caught.value)


def test_the_sound_declaration_of_these_attacks_is_read(tmp_path: Path) -> None:
    file = tmp_path / "fr" / "charging__someone.yaml"
    file.parent.mkdir()
    file.write_text(SOUND, encoding="utf-8")
    assert load_dataset(file).publisher == "Someone"


def test_a_name_outside_the_folder_is_no_dataset(tmp_path: Path) -> None:
    for name in ("fr/charging__.yaml", "fr/Charging__x.yaml", "fr/charging__a b.yaml", "FR/charging__x.yaml"):
        with pytest.raises(DeclarationError, match="named by its country"):
            load_dataset(tmp_path / name)
