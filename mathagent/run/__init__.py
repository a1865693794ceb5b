"""Batches: many problems, many samples of each, durable, voted on and graded."""
