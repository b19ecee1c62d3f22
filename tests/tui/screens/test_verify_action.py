"""The key that verifies the exported policy of a run."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from tests.tui.screens.recorded import dashboard_is_filled, make_run, told, until
from tests.verification.small_bundle import RARELY, write_bundle
from trainer_proc.contract.bundle.verification import SuiteResult, Thresholds, Verification, write_json
from trainer_proc.contract.bundle.verification_state import verification_state
from tui.app import HumanoidTui

VERIFIED = Verification(
    verified=True,
    problems=(),
    thresholds=Thresholds(),
    files={},
    result=SuiteResult(simulator="mujoco", versions={}, level="full", policy_sha256="", cells=()),
)


async def test_k_verifies_the_exported_policy(log_root):
    folder = make_run(log_root, "g1-walk")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("K")
        await until(lambda: any("has no exported policy" in text for text in told(app)), "the problem")
        write_bundle(folder.exported, **RARELY)
        await pilot.press("K")
        await pilot.press("K")
        await until(lambda: "the exported policy is being verified" in told(app), "the second answer")
        await until(lambda: any(text.startswith("not verified: nominal") for text in told(app)), "the verdict")
    assert verification_state(folder.exported).kind == "failed"
    assert (folder.exported / "verification.svg").is_file()


async def test_a_verified_policy_is_not_verified_again(log_root):
    folder = make_run(log_root, "g1-walk")
    write_bundle(folder.exported, **RARELY)
    files = {name: sha256((folder.exported / name).read_bytes()).hexdigest() for name in ("policy.json", "policy.onnx")}
    write_json(folder.exported / "verification.json", msgspec.structs.replace(VERIFIED, files=files))
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("K")
        await until(lambda: any("is verified (full)" in text for text in told(app)), "the state")
        assert not any("verifying" in text for text in told(app))
