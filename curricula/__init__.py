"""Curricula: state machines that read metrics between iterations and ask for knob values, as a person would.

Pure Python, without torch. `load.make_curricula` makes them from a preset's tables.
"""
