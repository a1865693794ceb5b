"""`python -m kernels_sandbox run | check | bench | install`: the sandbox from a shell."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from kernels_sandbox import KernelPool, OutputChunk, Policy, PolicyError, SandboxError, probe
from kernels_sandbox.jail import LEVELS


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 for success, 1 for a failure, 2 for a mistake in the arguments."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options))
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2 if isinstance(error, PolicyError) else 1
    except KeyboardInterrupt:
        return 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with status 2."""
        self.exit(2, f"error: {message} (see {self.prog} --help)\n")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, not {number}")
    return number


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise argparse.ArgumentTypeError(f"must be a JSON object, not {text}")
    return fields


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m kernels_sandbox", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run a Python file (or - for standard input) as one cell")
    run.add_argument("file", metavar="FILE")
    run.add_argument("--timeout", type=float, default=60.0, help="seconds (default 60)")
    run.add_argument("--memory-mb", type=int, default=2048, help="MiB of address space (default 2048)")
    run.add_argument("--json", action="store_true", help="print the result as one JSON object")
    run.set_defaults(command=_run)
    check = commands.add_parser(
        "check", help="show the isolation of this machine and try what kernels must do"
    )
    check.set_defaults(command=_check)
    bench = commands.add_parser(
        "bench", help="compare with stock ipykernel and others, in one run on one core"
    )
    bench.add_argument("--rounds", type=_count, default=200, help="kernels per measurement (default 200)")
    bench.add_argument("--json", action="store_true", help="print the numbers as one JSON object")
    bench.set_defaults(command=_bench)
    install = commands.add_parser("install", help="install the Jupyter kernelspec 'kernels-sandbox'")
    place = install.add_mutually_exclusive_group()
    place.add_argument("--prefix", help="into the environment at this path, rather than for the user")
    place.add_argument("--system", action="store_true", help="for all users")
    install.add_argument(
        "--policy",
        type=_fields,
        default={},
        metavar="JSON",
        help='fields of Policy that differ, for example \'{"memory_mb": 4096, "preload": ["scipy"]}\'',
    )
    install.set_defaults(command=_install)
    for command in (run, check):
        command.add_argument(
            "--min-level",
            choices=LEVELS,
            default="namespaces",
            help="refuse to run below it (default namespaces)",
        )
    return parser


def _run(options: argparse.Namespace) -> int:
    try:
        code = sys.stdin.read() if options.file == "-" else Path(options.file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        print(f"error: can't read {options.file}: {error}", file=sys.stderr)
        return 2
    policy = Policy(cell_seconds=options.timeout, memory_mb=options.memory_mb, min_level=options.min_level)
    return asyncio.run(_run_cell(code, policy, as_json=options.json))


async def _run_cell(code: str, policy: Policy, *, as_json: bool) -> int:
    def show(chunk: OutputChunk) -> None:
        stream = sys.stderr if chunk.name == "stderr" else sys.stdout
        end = "" if chunk.name in {"stdout", "stderr"} else "\n"
        print(chunk.text, end=end, file=stream, flush=True)

    async with KernelPool(policy, warm=0) as pool, pool.kernel() as kernel:
        result = await kernel.execute(code, on_output=None if as_json else show)
    if as_json:
        print(json.dumps(result.to_dict(), ensure_ascii=False))
    else:
        if result.error is not None:
            print(result.error.traceback.rstrip() or result.error.name, file=sys.stderr)
        if result.detail:
            print(result.detail, file=sys.stderr)
    return 0 if result.ok else 1


def _check(options: argparse.Namespace) -> int:
    isolation = probe()
    print(f"isolation: {isolation.level}")
    for name, layer in isolation.layers.items():
        mend = f" ({layer.mend})" if layer.mend else ""
        print(f"  {'ok     ' if layer.ok else 'MISSING'}  {name}: {layer.detail}{mend}")
    return asyncio.run(_check_kernels(Policy(min_level=options.min_level, interrupt_grace=0.5)))


async def _check_kernels(policy: Policy) -> int:
    from kernels_sandbox.conformance import run_checks

    failed = 0
    async with KernelPool(policy) as pool:
        async for verdict in run_checks(pool, isolation=pool.isolation.level == "namespaces"):
            failed += bool(verdict.problem)
            outcome = f"FAILED: {verdict.problem}" if verdict.problem else "ok"
            print(f"  {verdict.seconds:6.2f} s  {verdict.check.name}: {outcome}", flush=True)
    print("every check holds" if not failed else f"{failed} checks failed")
    return 1 if failed else 0


def _bench(options: argparse.Namespace) -> int:
    from kernels_sandbox.benchmark import report, run_bench

    numbers: dict[str, Any] = asyncio.run(
        run_bench(options.rounds, say=lambda what: print(what, file=sys.stderr))
    )
    print(json.dumps(numbers) if options.json else report(numbers))
    return 0


def _install(options: argparse.Namespace) -> int:
    from kernels_sandbox.provisioner import install

    place = install(user=not options.system, prefix=options.prefix, policy=options.policy)
    print(f"installed the kernelspec kernels-sandbox in {place}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
