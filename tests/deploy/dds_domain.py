"""A DDS domain of this test process: others on the machine use topics of the same names."""

from __future__ import annotations

import os


def domain():
    return 10 + os.getpid() % 200
