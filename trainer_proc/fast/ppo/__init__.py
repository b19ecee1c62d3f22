"""Captured graphs of rsl-rl's PPO: acting, storing, returns and updates."""
