"""Fast mode: replays captured CUDA graphs of the training step, so that the host no longer bounds it."""
