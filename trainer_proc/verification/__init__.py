"""Verification of a bundle: play the gate's plan in MuJoCo, judge it, compare it with the training simulator."""
