"""Curricula: state machines that read metrics between iterations and request knob values, as a user would.

Pure Python, without torch. `load.make_curricula` makes them from a preset's tables.
"""
