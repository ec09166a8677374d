"""For tests with an installation of their own: what the environment says of another counts nothing."""

from __future__ import annotations

import os

import pytest

#: Where data that tests only read are.
_READ = ("EUREGIO_REAL_DATA", "EUREGIO_STANDARDS")


def forget_settings(patch: pytest.MonkeyPatch) -> None:
    """Take every setting of Euregio out of the environment: servers of other tests may be up, and set it."""
    for name in [name for name in os.environ if name.startswith("EUREGIO_") and name not in _READ]:
        patch.delenv(name)
