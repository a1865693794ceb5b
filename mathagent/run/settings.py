"""What decides the results of a run, as the values that settings.json holds: a run goes on only with the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mathagent import __version__
from mathagent.data import DataSet
from mathagent.run.folder import ABOUT
from mathagent.run.plan import Plan
from mathagent.session import Session


def settings_of(data: DataSet, plan: Plan, session: Session) -> dict[str, Any]:
    """The settings of a run. Servers, concurrency and keys are none: they may change from one process to the next."""
    sampling = {name: value for name, value in asdict(session.sampling).items() if value not in (None, {})}
    return {
        "data": {"name": data.name, "problems": len(data.problems), "sha256": data.sha256},
        "samples": plan.samples,
        "seed": plan.seed,
        "stop": plan.stop,
        "vote_weight": None if plan.weight == "count" else plan.weight,  # None, as in folders from before it
        "logprobs": plan.logprobs or None,
        "model": session.info.id,
        "prompt": {"name": session.prompt.name, "sha256": session.prompt.sha256},
        "protocol": session.wire.name,
        "role": session.prompt.settings.role,
        "mode": session.prompt.settings.mode,
        "sampling": sampling,
        "limits": asdict(session.limits),
        "isolation": session.pool.isolation.level,
        ABOUT: {
            "mathagent": __version__,
            "source": data.source,
            "licence": data.licence,
            "demo": session.endpoint.demo,
            "versions": session.versions,
        },
    }
