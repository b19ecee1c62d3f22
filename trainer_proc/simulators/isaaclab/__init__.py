"""Isaac Lab 3: its backend and its simulator."""
