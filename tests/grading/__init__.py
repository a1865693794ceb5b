"""Tests of mathagent.grading."""
