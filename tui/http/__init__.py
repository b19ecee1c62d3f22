"""HTTP door: programs start, follow and steer trainings through the same core as the commands and the screens."""
