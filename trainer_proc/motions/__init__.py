"""Motions that the program makes itself, by trajectory optimisation in MuJoCo: no capture data."""
