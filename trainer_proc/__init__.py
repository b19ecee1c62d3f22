"""The training subprocess: rsl-rl PPO that publishes its metrics and takes changes while it trains."""
