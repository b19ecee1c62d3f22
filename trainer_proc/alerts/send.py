"""`python -m trainer_proc.alerts.send [--once]`: send the alert on standard input to the user's webhooks.

It reads the addresses itself, so no other process of a training knows them. Standard error gets a line for each webhook
that could not be reached, without the address. A webhook that does not answer is tried again for some minutes. With
`--once`, it is not, and standard output gets a line for each. Exit code 1 if one could not be reached.
"""

from __future__ import annotations

import http.client
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import trainer_proc.contract.own_packages_first  # noqa: F401 (comes first)
from trainer_proc.alerts.webhooks import NoWebhook, request_for
from trainer_proc.contract.alerts import Alert, AlertSettings, read_alert_settings
from trainer_proc.contract.json_content import decode_json

_PAUSES = (2.0, 8.0, 30.0, 120.0)
"""Seconds before each further try."""
_TRY_SECONDS = 10.0
"""Time for one try, whatever the server does."""
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Status codes that may be better later."""


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the alert is for the host that the user has named."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


class _NotSent(Exception):
    def __init__(self, reason: str, *, is_passing: bool) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


def main() -> int:
    """Send one alert; return 0, or 1 if a webhook could not be reached."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # the wire process ignores them, and its children begin so
    alert = decode_json(sys.stdin.buffer.read(), Alert)
    settings = read_alert_settings()
    if not settings.wants(alert.event):
        return 0
    is_test = "--once" in sys.argv[1:]
    problems = send(alert, settings, () if is_test else _PAUSES)
    for kind, problem in problems.items():
        if is_test:
            print(f"{kind}: {problem or 'sent'}")  # noqa: T201
        elif problem:
            print(f"[alerts] {kind}: {problem}", file=sys.stderr)  # noqa: T201
    return int(any(problems.values()))


def send(
    alert: Alert, settings: AlertSettings, pauses: Sequence[float], try_seconds: float = _TRY_SECONDS
) -> dict[str, str]:
    """Send an alert to all webhooks; return by kind why one did not get it, empty if it did. For a main thread.

    The tries are `pauses` seconds apart, and take `try_seconds` at most. A webhook that hangs delays the others by one
    try.
    """
    left = list(settings.webhooks)
    problems: dict[str, str] = {}
    for pause in (0.0, *pauses):
        time.sleep(pause)
        for kind in tuple(left):
            try:
                _try(kind, settings, alert, try_seconds)
            except _NotSent as error:
                problems[kind] = str(error)
                is_over = not error.is_passing
            else:
                problems[kind], is_over = "", True
            if is_over:
                left.remove(kind)
        if not left:
            break
    return problems


def _try(kind: str, settings: AlertSettings, alert: Alert, seconds: float) -> None:
    """Try once. Raises `_NotSent`, whose text never has the address: it is a secret."""
    try:
        request = request_for(kind, settings, alert)
    except NoWebhook as error:
        raise _NotSent(str(error), is_passing=False) from None
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with _time_limit(seconds), opener.open(request, timeout=seconds):
            return
    except urllib.error.HTTPError as error:
        with error:
            raise _NotSent(f"answered with status {error.code}", is_passing=error.code in _PASSING) from None
    except TimeoutError:
        raise _NotSent(f"no answer within {seconds:g} s", is_passing=True) from None
    except urllib.error.URLError as error:
        reason = error.reason if isinstance(error.reason, str) else type(error.reason).__name__
        raise _NotSent(f"can't be reached: {reason}", is_passing=True) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise _NotSent(f"can't be reached: {type(error).__name__}", is_passing=True) from None


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` after this time: a server that sends a byte now and then never times out otherwise."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)


if __name__ == "__main__":
    sys.exit(main())
