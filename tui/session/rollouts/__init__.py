"""Rollouts: record them, find them, render them."""
