"""What the attacks of this folder share: a file's way through `euregio try`, in this process."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from euregio.commands.trial import Trial, try_file
from euregio.settings import Settings


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(
        home=home,
        zones=f"{home}/zones",
        layer_catalogue=f"sqlite:{home}/layer/c.sqlite",
        layer_data=f"{home}/layer/data",
    )

    def run(format_name: str, content: str | bytes | list[dict[str, str]], **how: Any) -> Trial:
        file = home / "given"
        if isinstance(content, (str, bytes)):
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            with file.open("w", encoding="utf-8", newline="") as out:
                writer = csv.DictWriter(out, list(dict.fromkeys(key for row in content for key in row)), delimiter=";")
                writer.writeheader()
                writer.writerows(content)
        return try_file(format_name, file, settings, first=100, **how)

    return run
