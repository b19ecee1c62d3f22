"""The terminal program: launches trainings, watches them and steers them. Never imports torch or a simulator."""
