"""Fixtures for every test."""

import zlib

import numpy as np
import pytest


@pytest.fixture
def rng(request):
    """Random numbers that depend on the test's name only: the same in any order, anywhere."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))
