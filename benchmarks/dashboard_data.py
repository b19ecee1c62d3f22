"""Data of `benchmarks/dashboard.py`: twelve synthetic metrics of a training that learns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

METRICS = (
    "Train/mean_reward",
    "Train/success_rate",
    "Policy/kl",
    "Loss/value",
    "Loss/surrogate",
    "Loss/entropy",
    "Policy/mean_std",
    "Train/mean_episode_length",
    "Loss/learning_rate",
    "Perf/total_fps",
    "Policy/clip_fraction",
    "Policy/explained_variance",
)
"""Names of rsl-rl and humanoid-tui."""

_LARGEST = np.array([40.0, 0.9, 0.01, 2.0, 0.02, 8.0, 0.9, 950.0, 8e-4, 90_000.0, 0.12, 0.95])
_BLOCK = 10_000


def rows(start: int, count: int) -> NDArray[np.float32]:
    """Return the values of iterations from `start` on, shape (count, 12); deterministic."""
    blocks = range(start // _BLOCK, (start + count - 1) // _BLOCK + 1)
    made = np.concatenate([_block(number) for number in blocks])
    return made[start - blocks[0] * _BLOCK :][:count]


def _block(number: int) -> NDArray[np.float32]:
    generator = np.random.default_rng(number)
    iterations = np.arange(number * _BLOCK, (number + 1) * _BLOCK)[:, None]
    learnt = 1 - np.exp(-iterations / (3000.0 + 500.0 * np.arange(len(METRICS))))
    noise = 1 + 0.15 * generator.standard_normal((_BLOCK, len(METRICS)))
    made: NDArray[np.float32] = (_LARGEST * learnt * noise).astype(np.float32)
    return made
