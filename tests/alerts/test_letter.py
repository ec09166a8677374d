"""The letter to a publisher: in its language, from the incident's facts, naming no person."""

from datetime import UTC, datetime

import pytest

from euregio.alerts.kinds import load_kinds
from euregio.alerts.letter import language_of, languages, letter, load_words
from euregio.errors import EuregioError
from euregio.storage.journal import Incident

SHA = "ab" * 32
FACTS = {
    "dataset": "de.charging__bnetza", "title": "Ladesäulenregister", "country": "de", "owner": "Erika Mustermann",
    "last_release": {"period": "2026-10", "released_at": "2026-10-01T04:00:00+00:00", "rows": 5},
    "problem": {
        "kind": "nothing_sound", "what": "not one row is sound", "found": "swapped_coordinates (1200)",
        "reasons": {"swapped_coordinates": 1200}, "records": {"swapped_coordinates": [1, 2, 17]},
        "fetched": [{"name": "register.csv", "sha256": SHA, "size_bytes": 4711, "fetched_at": "2026-11-20T04:00:00+00:00",
                     "address": "https://data.example/register.csv"}],
    },
}  # fmt: skip


def incident(kind: str = "nothing_sound", **facts) -> Incident:
    at = datetime(2026, 11, 20, 10, 7, tzinfo=UTC)
    return Incident(
        "abc123", "k", "de.charging__bnetza", kind, "critical", "Erika Mustermann", at, at, 2, {**FACTS, **facts}
    )


def test_it_is_written_in_the_language_of_the_publishers_country() -> None:
    assert "Sehr geehrte Damen und Herren" in letter(incident())
    assert "Madame, Monsieur," in letter(incident(country="fr"))
    assert "Geachte heer of mevrouw" in letter(incident(country="nl"))
    assert "Estimados señores" in letter(incident(country="es"))
    assert "Dear Sir or Madam" in letter(incident(country="pt"))
    assert language_of("ch") == "de"


@pytest.mark.parametrize("language", languages())
def test_in_every_language_it_says_what_came_and_what_was_wrong(language: str) -> None:
    said = letter(incident(), language)
    for part in ("Ladesäulenregister", "https://data.example/register.csv", SHA, "4711", "swapped_coordinates: 1200", "1, 2, 17",
                 "2026-11-20T04:00:00+00:00", "2026-10", "abc123"):  # fmt: skip
        assert part in said, (language, part)
    assert "{" not in said
    assert "None" not in said


@pytest.mark.parametrize("language", languages())
def test_it_names_no_person(language: str) -> None:
    assert "Mustermann" not in letter(incident(), language)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", [name for name, one in load_kinds().items() if one.letter])
def test_every_kind_that_a_publisher_can_mend_has_its_words(language: str, kind: str) -> None:
    bare = incident(kind, problem={"kind": kind, "what": "x", "where": "https://data.example/a"}, last_release=None)
    said = letter(bare, language)
    assert load_words(language).kinds[kind] in said
    assert "https://data.example/a" in said


def test_languages_have_the_same_words() -> None:
    assert languages() == ["de", "en", "es", "fr", "nl"]
    texts = {load_words(language).request for language in languages()}
    assert len(texts) == 5


def test_what_is_ours_to_mend_gives_no_letter() -> None:
    with pytest.raises(EuregioError, match="not the publisher's to mend"):
        letter(incident("out_of_disk"))
    with pytest.raises(EuregioError, match="no letter in this language"):
        letter(incident(), "it")
