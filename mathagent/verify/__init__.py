"""Verification: solutions of a run judged, as a run of their own, and what follows from the judgements."""
