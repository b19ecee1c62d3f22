"""Experiments: trainings of one preset with several seeds and values, and the queue that starts them."""
