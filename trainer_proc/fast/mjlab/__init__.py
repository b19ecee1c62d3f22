"""The step of an mjlab environment as stages that a CUDA graph can replay."""
