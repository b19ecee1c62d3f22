"""Suites: what an evaluation varies and measures. One module a suite; `registry` lists them."""
