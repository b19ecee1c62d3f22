"""Sends the robot of watched environments to viewers, while the training goes on."""
