"""Importing this, before anything else of this program, makes its other imports safe from a user's modules.

For programs that are started with `python -m`: `PYTHONPATH` may name a folder with a `presets.py`.
"""

from trainer_proc.contract.bytecode import write_no_bytecode_on_a_full_disk
from trainer_proc.contract.own_packages import load_own_packages

write_no_bytecode_on_a_full_disk()
load_own_packages()
