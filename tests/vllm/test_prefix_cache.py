"""Every protocol's requests extend the last one, so that vLLM's prefix cache serves all that was seen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mathagent.serving import ServerState
from tests.vllm.prefix_cache import PROTOCOLS, measure, table

BLOCK = 32  # tokens, of vLLM's CPU build

pytestmark = pytest.mark.vllm


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_five_rounds_are_served_from_the_cache(vllm_server: ServerState, protocol: str) -> None:
    rounds = await measure(vllm_server, protocol)
    assert len(rounds) >= 6  # five with code, one with the answer
    print("\n".join(table({protocol: rounds})))
    assert all(later.prompt > earlier.prompt for earlier, later in pairwise(rounds))
    assert [each for each in rounds[1:] if each.share <= 0.8] == []
    for earlier, later in pairwise(rounds):
        assert later.cached > earlier.prompt - 2 * BLOCK  # whole blocks only
