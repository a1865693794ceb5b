"""Tests of the sandbox, with real kernels and real jails."""
