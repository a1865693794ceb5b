"""Compare with other ways to run Python cells, in one run on one core: `python -m kernels_sandbox bench`.

Everything is timed by the same clock in the same process, stock ipykernel and our kernels in turns, because only ratios
inside one run mean anything. The environment must be byte-compiled: without .pyc files a stock kernel compiles all it
imports, and every ratio flatters us fourfold; the benchmark refuses to run then.
"""

from kernels_sandbox.benchmark.report import report
from kernels_sandbox.benchmark.run import run_bench

__all__ = ["report", "run_bench"]
