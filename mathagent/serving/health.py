"""Ask a server of ours whether it is well and whether anybody uses it."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from typing import Literal

Health = Literal["well", "busy", "absent"]

# Never through a proxy: the server is on this machine.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_USE = re.compile(
    rb"^vllm:(?:request_success_total|prompt_tokens_total|generation_tokens_total|num_requests_running"
    rb"|num_requests_waiting)\{[^}]*\} (\S+)$",
    re.MULTILINE,
)
_ACTIVE = re.compile(rb"^vllm:num_requests_(?:running|waiting)\{[^}]*\} (\S+)$", re.MULTILINE)


def health(url: str, *, timeout: float = 2.0) -> Health:
    """Whether a server answers.

    Returns:
        "well": it answers 200. "busy": it is there, but does not answer in `timeout` seconds, or answers an error.
        "absent": nobody is there.
    """
    try:
        with _opener.open(url, timeout=timeout) as response:
            return "well" if response.status == 200 else "busy"
    except urllib.error.HTTPError:
        return "busy"
    except urllib.error.URLError as error:
        return "busy" if isinstance(error.reason, TimeoutError) else "absent"
    except TimeoutError:
        return "busy"
    except OSError:
        return "absent"


def use_so_far(url: str, *, timeout: float = 10.0) -> tuple[float, bool] | None:
    """How much a vLLM server has been used, from its /metrics.

    Returns:
        A number that changes with every request and every token, and whether a request is in work now; None where
        the server does not say (an error, or metrics switched off).
    """
    try:
        with _opener.open(url, timeout=timeout) as response:
            text = response.read()
    except (OSError, ValueError):
        return None
    values = [float(value) for value in _USE.findall(text)]
    if not values:
        return None
    return sum(values), any(float(value) > 0 for value in _ACTIVE.findall(text))
