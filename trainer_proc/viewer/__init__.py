"""The robot in a browser: MuJoCo's scene in viser, fed by a training or a rollout."""
