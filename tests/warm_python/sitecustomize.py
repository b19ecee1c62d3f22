"""What Python runs first where `PYTHONPATH` names this folder: see `tests.forked.warm_python`."""

import os
import sys

_SLOW_TO_START = {
    "trainer_proc",
    "trainer_proc.evaluation",
    "trainer_proc.evaluation.describe",
    "trainer_proc.evaluation.reference",
    "trainer_proc.export.write",
    "trainer_proc.rollouts",
    "tests.fast_ranks",
    "tests.train_in_one_process",
    "tests.train_point",
    "torch.distributed.run",
}

_options = sys.orig_argv[1:]
if _options[:1] == ["-u"]:  # of torchrun
    del _options[0]

if _options[:1] == ["-m"] and _options[1] in _SLOW_TO_START and "HUMANOID_TUI_WARM_SERVER" in os.environ:
    from warm_client import become_warm

    become_warm(_options[1:])
