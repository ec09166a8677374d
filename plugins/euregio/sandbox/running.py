"""A sandbox inside a process: `with Sandbox(size=2000, seed=7) as sandbox: get(sandbox.url("de.charging__bnetza"))`."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path
from types import TracebackType

from euregio.sandbox.build import Built
from euregio.sandbox.server import Server


class Sandbox:
    """Simulated publishers that serve from `__enter__` to `__exit__`.

    `size` recharging points over all countries (1 to 10 000 000); `defects` share of the stations that have a defect;
    `port` 0 takes a free one; `host` is what is listened on; `work` keeps the files there instead of in a temporary folder. Attributes: `address`,
    `work`, `truth` (folder of the truth files), `server`.
    """

    def __init__(
        self, size: int = 2000, seed: int = 7, port: int = 0, *, defects: float = 0.02, work: Path | None = None,
        host: str = "127.0.0.1",
    ) -> None:  # fmt: skip
        self.host = host
        self.size, self.seed, self.port, self.defects = size, seed, port, defects
        self._keep, self.work = work is not None, work or Path()
        self.address = ""

    def __enter__(self) -> Sandbox:
        if not self._keep:
            self.work = Path(tempfile.mkdtemp(prefix="euregio-sandbox-"))
        self.built = Built(self.work, self.size, self.seed, self.defects)
        self.server = Server(self.built, self.port, self.host)
        self.address = self.server.address
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
        self.built.__exit__()
        if not self._keep:
            shutil.rmtree(self.work, ignore_errors=True)

    @property
    def truth(self) -> Path:
        """Folder of the truth files."""
        return self.work / "truth"

    def url(self, dataset: str) -> str:
        """Address of a dataset."""
        return f"{self.address}/{dataset}"

    def misbehave(self, dataset: str, mode: str, **how: float) -> None:
        """Order a dataset to misbehave: modes of `misbehaviour.MODES`, `times`, `seconds`, `status`."""
        self.server.control({"dataset": dataset, "mode": mode, **how})
