"""Which trajectory is next: sample 0 of every problem, then sample 1 of every problem, and so on.

In this order a vote that can be stopped early is stopped before its later samples have cost anything.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Container, Sequence

from mathagent.run.journal import Key


class Schedule:
    """Hands out trajectories until all have ended.

    Args:
        problems: ids, in order.
        samples: samples of each.
        finished: trajectories that have ended already.
        begun: trajectories that have completed steps: they come first, so that a resumed run ends what it began.
    """

    def __init__(
        self, problems: Sequence[str], samples: int, finished: Container[Key], begun: Container[Key]
    ) -> None:
        left = [key for sample in range(samples) for id in problems if (key := (id, sample)) not in finished]
        self._todo = deque(sorted(left, key=lambda key: key not in begun))
        self._running: set[Key] = set()
        self._changed = asyncio.Event()
        self._draining = False
        self._dropped_waiting = 0
        self.dropped: set[Key] = set()

    @property
    def running(self) -> int:
        """How many are handed out and have not ended."""
        return len(self._running)

    @property
    def waiting(self) -> int:
        """How many have not been handed out and are still needed."""
        return len(self._todo) - self._dropped_waiting

    async def next(self) -> Key | None:
        """The next trajectory; waits while one that runs may still come back; None when there are no more."""
        while True:
            if self._draining:
                return None
            while self._todo:
                key = self._todo.popleft()
                if key in self.dropped:
                    self._dropped_waiting -= 1
                    continue
                self._running.add(key)
                return key
            if not self._running:
                self._changed.set()
                return None
            self._changed.clear()
            await self._changed.wait()

    def end(self, key: Key) -> None:
        """It has ended."""
        self._running.discard(key)
        self._changed.set()

    def put_back(self, key: Key) -> None:
        """It could not go on now, and will be handed out again, before those that have not begun."""
        self._running.discard(key)
        self._todo.appendleft(key)
        self._changed.set()

    def drop(self, keys: Sequence[Key]) -> list[Key]:
        """These, which have not ended, are not needed any more. Returns those that run: the caller must stop them."""
        running = [key for key in keys if key in self._running]
        waiting = [key for key in keys if key not in self._running and key not in self.dropped]
        self.dropped.update(waiting)
        self._dropped_waiting += len(waiting)
        return running

    def drain(self) -> None:
        """Hand out no more."""
        self._draining = True
        self._changed.set()
