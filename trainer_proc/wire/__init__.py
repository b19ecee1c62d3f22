"""What the trainer and its dashboards say to each other, and the files in which it is kept.

The only part of `trainer_proc` that the dashboard may import: neither torch nor a simulator is needed here.
"""
