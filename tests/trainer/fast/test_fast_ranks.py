"""Several processes in fast mode learn bit for bit as without it; on the CPU, where each graph is the work itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.scripts import ROOT

TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")
HOOKS = "the optimizer's step is wrapped or has hooks"


@pytest.mark.real
@pytest.mark.usefixtures("warm_python")
@pytest.mark.parametrize("eager_rank", [-1, 1], ids=["all", "one of them cannot"])
def test_ranks_learn_the_same(eager_rank, tmp_path):
    command = [*TORCHRUN, "-m", "tests.fast_ranks", str(tmp_path), str(eager_rank)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    ranks = [json.loads((tmp_path / f"rank_{rank}.json").read_text()) for rank in (0, 1)]
    for plain, fast in ranks:
        assert fast["weights"] == plain["weights"]
        assert fast["rates"] == plain["rates"]
    assert ranks[0][0]["weights"] == ranks[1][0]["weights"]
    reasons = [fast["eager"].get("ppo/update", "") for _, fast in ranks]
    assert reasons == (["", ""] if eager_rank < 0 else ["another process runs its update eagerly", HOOKS])
