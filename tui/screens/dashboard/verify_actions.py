"""Verify the exported policy of the run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Event

from curricula.errors import UserError
from trainer_proc.contract.bundle.verification import Verification
from trainer_proc.contract.bundle.verification_state import verification_state
from trainer_proc.contract.bundle.verify_request import VerifyRequest
from tui.screens.dashboard.run_screen import Reported, RunScreen
from tui.session.background import BackgroundThread
from tui.session.notifications.news import News
from tui.session.verification.report import verdict_text
from tui.session.verification.run import bundle_of_run, verify


class VerifyActions(RunScreen):
    """Handler of a key in `actions.KEYS`."""

    _is_verifying = False

    def action_verify(self) -> None:
        """Verify the exported policy, unless that is being done."""
        if self._is_verifying:
            self.report(News("the exported policy is being verified"))
            return
        try:
            bundle = bundle_of_run(self.folder)
        except UserError as error:
            self.report(News(str(error), "error"))
            return
        if (state := verification_state(bundle)).kind == "verified":
            self.report(News(f"the exported policy is {state.text}: its files have not changed since"))
            return
        self._is_verifying = True
        self.report(News("verifying the exported policy in MuJoCo…"))
        # a thread that does not outlive the program: a verification may take minutes
        BackgroundThread("verifying", partial(self._verify, bundle), self._report_failure).start()

    def _verify(self, bundle: Path) -> None:
        try:
            found = verify(VerifyRequest(bundle=str(bundle)), lambda progress: None, Event())
            news = _verified(bundle, found)
        except UserError as error:
            news = News(str(error), "error", True)
        self._is_verifying = False
        self.post_message(Reported(news))

    def _report_failure(self, problem: str) -> None:
        self._is_verifying = False
        self.post_message(Reported(News(problem, "error", True)))


def _verified(bundle: Path, found: Verification) -> News:
    from tui.charts.files.verification_pictures import write_pictures  # imports numpy

    pictures = write_pictures(found, bundle) or f"see {bundle / 'verification.svg'}"
    return News(f"{verdict_text(found)}; {pictures}", "information" if found.verified else "error", True)
