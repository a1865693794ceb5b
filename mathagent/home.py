"""The folder where mathagent keeps what it makes: traces, the CPU server, converted models, server state."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """`$MATHAGENT_HOME`, or the user's data folder for mathagent. It need not exist yet."""
    named = os.environ.get("MATHAGENT_HOME")
    return Path(named).expanduser() if named else user_data_path("mathagent", appauthor=False)
