"""How long to keep trying one request, and how long to wait between tries."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from mathagent.errors import ModelBusy, ModelUnreachable
from mathagent.models.failures import Failure

_LONGEST_DELAY = 20.0  # seconds between two tries, unless the server names a time
_LONGEST_POLL = 2.0  # seconds between two tries while a server starts
_LONGEST_OBEYED = 120.0  # a Retry-After beyond this many seconds is not waited for


class Patience:
    """The retries of one request.

    Args:
        connect_wait: seconds to keep trying an address that refuses connections or says it is loading.
        retries: tries after the first, for a busy server (429, 5xx) and for a cut stream together.
        backoff: seconds before the first retry; doubles with each, with jitter, up to 20 s.
        on_retry: told in one line why and how long it waits; once for a server that starts.
    """

    def __init__(
        self, connect_wait: float, retries: int, backoff: float, on_retry: Callable[[str], None] | None
    ) -> None:
        self._connect_wait = connect_wait
        self._retries = retries
        self._backoff = backoff
        self._on_retry = on_retry
        self._tries = 0
        self._polls = 0
        self._outage_since: float | None = None

    def answered(self) -> None:
        """The server is there: the next outage gets its full `connect_wait`."""
        self._outage_since, self._polls = None, 0

    async def wait_after(self, failure: Failure) -> None:
        """Sleep until the next try is due. Raises the failure's error when there is none."""
        if failure.kind == "final":
            raise failure.error
        delay = self._poll_delay(failure) if failure.kind == "starting" else self._retry_delay(failure)
        if failure.wait is not None:
            if failure.wait > _LONGEST_OBEYED:
                hint = f"it asks to come back in {failure.wait:.0f} s"
                raise type(failure.error)(failure.error.message, hint) from failure.error
            delay = failure.wait
        self._tell(failure, delay)
        await asyncio.sleep(delay)

    def _tell(self, failure: Failure, delay: float) -> None:
        """Say why we wait: each retry, but a server that starts only once."""
        if self._on_retry is None:
            return
        if failure.kind != "starting":
            self._on_retry(f"{failure.error.message}; trying again in {delay:.1f} s")
        elif self._polls == 1:
            self._on_retry(f"{failure.error.message}; trying for {self._connect_wait:g} s")

    def _poll_delay(self, failure: Failure) -> float:
        now = time.monotonic()
        if self._outage_since is None:
            self._outage_since = now
        left = self._connect_wait - (now - self._outage_since)
        self._polls += 1
        out_of_tries = self._polls > self._retries or isinstance(failure.error, ModelUnreachable)
        if left <= 0 and out_of_tries:
            raise self._give_up(failure)
        delay = min(_LONGEST_POLL, self._backoff * 2.0 ** min(self._polls - 1, 10))
        return min(delay, left) if left > 0 else delay

    def _retry_delay(self, failure: Failure) -> float:
        self._tries += 1
        if self._tries > self._retries:
            raise self._give_up(failure)
        delay = min(_LONGEST_DELAY, self._backoff * 2.0 ** min(self._tries - 1, 10))
        # Jitter: many trajectories that failed together do not come back together. No secret is drawn here.
        return delay * random.uniform(0.5, 1.0)

    def _give_up(self, failure: Failure) -> Exception:
        error = failure.error
        if isinstance(error, ModelUnreachable):
            return ModelUnreachable(f"{error.message} (tried for {self._connect_wait:g} s)", error.hint)
        if isinstance(error, ModelBusy):
            return ModelBusy(
                f"{error.message} (after {max(self._tries, self._polls) - 1} retries)", error.hint
            )
        return error
