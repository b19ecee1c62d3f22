"""Bundles in the formats of other programs, from `policy.json` and `policy.onnx` alone: no run, torch or simulator."""
