#!/usr/bin/env bash
# rsl-rl-lib 5.4.2 with wandb 0.31.0: `WandbLogWriter` begins a run with `wandb.Settings(start_method="thread")`, a
# setting that wandb no longer has. Every training with the logger "wandb" ends before its first iteration, also offline.
# Seen: "rsl-rl 5.4.2 passes start_method" and "wandb 0.31.0 refuses start_method". Fails if that has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet wandb==0.31.0
"$folder/venv/bin/python" -m pip install --quiet --no-deps --target "$folder/rsl" rsl-rl-lib==5.4.2
grep -q 'wandb.Settings(start_method="thread")' "$folder/rsl/rsl_rl/utils/wandb_log_writer.py"
echo "rsl-rl 5.4.2 passes start_method"
"$folder/venv/bin/python" - <<'PYTHON'
import wandb

try:
    wandb.Settings(start_method="thread")
except Exception as error:
    assert "start_method" in str(error), error
    print(f"wandb {wandb.__version__} refuses start_method: {type(error).__name__}")
else:
    raise SystemExit("that has changed")
PYTHON
