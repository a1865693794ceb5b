"""Tests of mathagent.models."""
