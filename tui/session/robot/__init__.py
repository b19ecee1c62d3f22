"""Watch a robot: where its states come from, playing them, and what is shown beside the picture."""
