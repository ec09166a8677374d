"""The publisher and the installation of these tests."""

from office import office  # noqa: F401  a fixture
