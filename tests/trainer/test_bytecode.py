"""Bytecode on a full disk: Python would keep a file that was cut off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from trainer_proc.contract.bytecode import write_no_bytecode_on_a_full_disk

MIB = 2**20


@pytest.mark.parametrize(("free", "writes"), [(10 * MIB, False), (1000 * MIB, True)])
def test_no_bytecode_is_written_where_little_room_is_left(monkeypatch, free, writes):
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    looked_at = []

    def statvfs(path):
        looked_at.append(path)
        return SimpleNamespace(f_bavail=free // 4096, f_frsize=4096)

    monkeypatch.setattr(os, "statvfs", statvfs)
    write_no_bytecode_on_a_full_disk()
    assert sys.dont_write_bytecode is not writes
    assert looked_at == [sys.prefix]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="fixed in later versions")
def test_python_keeps_bytecode_that_was_cut_off(tmp_path):
    (tmp_path / "large.py").write_text(f"text = {'x' * 5000!r}\n")
    python = [sys.executable, "-c", "import large"]
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); import large"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-c", limited], cwd=tmp_path, env=environment, check=True)
    (cut,) = Path(tmp_path, "__pycache__").iterdir()
    assert cut.stat().st_size == 1000
    failed = subprocess.run(python, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "EOFError: marshal data too short" in failed.stderr
