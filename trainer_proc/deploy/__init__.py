"""Runs an exported policy on a robot or in MuJoCo, without torch and without the training's simulator."""
