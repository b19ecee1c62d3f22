"""Sends the robot of watched environments to viewers during the training."""
