"""The page of a run at an experiment tracker that the training library logs to: W&B, Neptune or MLflow.

Nothing is imported: a tracker that logs has been. rsl-rl 5.4.2 has writers for W&B and Neptune; a writer of the user's
own may use MLflow, or have an attribute `url`.
"""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from trainer_proc.contract.products import TrackerLinked

_LONGEST = 1000
"""Characters of a link."""


def tracker_link(writer: Any) -> TrackerLinked | None:
    """Return the page of this run; None if the writer logs to no tracker, or one that is offline."""
    for tracker, link in (
        ("W&B", _wandb()),
        ("Neptune", _neptune(writer)),
        ("MLflow", _mlflow()),
        ("tracker", _own(writer)),
    ):
        if page := _page(link):
            return TrackerLinked(tracker, page)
    return None


def _wandb() -> Any:
    run = getattr(sys.modules.get("wandb"), "run", None)
    if run is None or getattr(run, "offline", False):  # which would warn that it has no page
        return None
    return run.url


def _neptune(writer: Any) -> Any:
    if "neptune" not in sys.modules:
        return None
    page = getattr(getattr(writer, "run", None), "get_url", None)
    return page() if page is not None else None


def _mlflow() -> Any:
    mlflow = sys.modules.get("mlflow")
    run = mlflow.active_run() if mlflow is not None else None
    if mlflow is None or run is None:
        return None
    server = str(mlflow.get_tracking_uri()).rstrip("/")
    return f"{server}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"


def _own(writer: Any) -> Any:
    return getattr(writer, "url", None)


def _page(link: Any) -> str:
    """Return a link without user, password and query, which may hold a key; empty if it is none."""
    if not isinstance(link, str) or not link.isprintable() or len(link) > _LONGEST:
        return ""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", parts.fragment))
