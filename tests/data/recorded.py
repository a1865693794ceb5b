"""The recorded data beside the checkout, for the tests that need it."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"

needs_data = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the recorded data is not there: {DATA}"),
]
