"""For tests with an installation of their own: what the environment says of another counts nothing."""

from __future__ import annotations

import os

import pytest

#: Where data that tests only read are, and where pictures for people go.
_TESTS_OWN = ("EUREGIO_REAL_DATA", "EUREGIO_STANDARDS", "EUREGIO_SCREENSHOTS")


def forget_settings(patch: pytest.MonkeyPatch) -> None:
    """Take every setting of Euregio out of the environment: servers of other tests may be up, and set it."""
    for name in [name for name in os.environ if name.startswith("EUREGIO_") and name not in _TESTS_OWN]:
        patch.delenv(name)
