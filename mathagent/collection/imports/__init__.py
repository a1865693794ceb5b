"""Files of other tools as traces. What a record does not say is named in the trace (`Trace.imported`), never made up.

    rows with a transcript      ToRA, Qwen2.5-Math, NeMo-Skills, lm-evaluation-harness, our own results: `transcript`
    `steps` and agent memories  InternLM-Math, lagent: `internlm`
    `debug_result`              MathCoder: `mathcoder`
    `state.history`             MINT: `mint`

Ids, known answers and recorded verdicts are those that `mathagent grade` takes (`mathagent.run.foreign`).
"""

from mathagent.collection.imports.read import Imported, is_trace_file, read_imports

__all__ = ["Imported", "is_trace_file", "read_imports"]
