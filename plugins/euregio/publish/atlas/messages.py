"""The atlas's sentences: one file per language in `messages/`, templates with named values, English where one is missing."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from euregio.declarations.yaml_file import read_yaml
from euregio.errors import DeclarationError
from euregio.indicators import sentence

FOLDER = Path(__file__).parent / "messages"
ENGLISH = "en"


class Messages:
    """Sentences, words and numbers of one language."""

    def __init__(self, language: str, templates: Mapping[str, str], words: Mapping[str, Mapping[str, str]]) -> None:
        self.language = language
        self._templates = templates
        self._words = words

    def __call__(self, name: str, **values: object) -> str:
        """The sentence `name` with its values. Raises DeclarationError where a template names a value it is not given."""
        try:
            return self._templates[name].format(**values)
        except (KeyError, IndexError) as error:
            raise DeclarationError(
                "a message cannot be said", where=f"messages/{self.language}.yaml, {name}", found=str(error)
            ) from error

    def word(self, kind: str, code: str) -> str:
        """The word for a code of the data (a unit, a table, a verdict); the code itself where there is none."""
        return self._words.get(kind, {}).get(code, code)

    def number(self, value: float, digits: int = 3) -> str:
        """A number with at most `digits` significant digits, thousands and decimals as the language writes them."""
        return sentence.number(significant(value, digits), self.language, digits)

    def count(self, value: int) -> str:
        """A count, exact."""
        return sentence.number(value, self.language, 15)

    def percent(self, share: float, digits: int = 3) -> str:
        """A share (0 to 1) as a percentage."""
        return self("percent", value=self.number(100 * share, digits))


def significant(value: float, digits: int = 3) -> float:
    """`value` rounded to so many significant digits."""
    return float(f"{value:.{digits}g}")


def languages(folder: Path = FOLDER) -> list[str]:
    """Languages that have a file, English first."""
    return sorted((path.stem for path in folder.glob("*.yaml")), key=lambda name: (name != ENGLISH, name))


@functools.cache
def load_messages(language: str, folder: Path = FOLDER) -> Messages:
    """The sentences of a language; those that it lacks are English. Raises DeclarationError for a file that is wrong."""
    english, own = (_read(folder / f"{name}.yaml") for name in (ENGLISH, language))
    templates = {**english["sentences"], **own["sentences"]}
    words = {kind: {**english["words"].get(kind, {}), **own["words"].get(kind, {})} for kind in english["words"]}
    return Messages(language, templates, words)


def _read(path: Path) -> dict[str, Any]:
    content = read_yaml(path)
    if not isinstance(content, dict) or not set(content) <= {"name", "sentences", "words"}:
        raise DeclarationError("this is no file of messages", where=str(path.name), expected="name, sentences, words")
    return {
        "sentences": content.get("sentences") or {},
        "words": content.get("words") or {},
        "name": content.get("name", path.stem),
    }


def language_name(language: str, folder: Path = FOLDER) -> str:
    """The language's own name."""
    return str(_read(folder / f"{language}.yaml")["name"])
