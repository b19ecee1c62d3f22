"""The key that verifies the exported policy of a run."""

from __future__ import annotations

from tests.tui.screens.recorded import dashboard_is_filled, make_run, told, until
from tests.verification.small_bundle import write_bundle
from trainer_proc.contract.bundle.verification_state import verification_state
from tui.app import HumanoidTui


async def test_k_verifies_the_exported_policy(log_root):
    folder = make_run(log_root, "g1-walk")
    app = HumanoidTui(log_root, folder)
    async with app.run_test(size=(120, 40)) as pilot:
        await dashboard_is_filled(app)
        await pilot.press("K")
        await until(lambda: any("has no exported policy" in text for text in told(app)), "the problem")
        write_bundle(folder.exported)
        await pilot.press("K")
        await pilot.press("K")
        await until(lambda: "the exported policy is being verified" in told(app), "the second answer")
        await until(lambda: any(text.startswith("not verified: nominal") for text in told(app)), "the verdict")
    assert verification_state(folder.exported).kind == "failed"
    assert (folder.exported / "verification.svg").is_file()
