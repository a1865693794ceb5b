"""Training data for a small model that solves word problems in this project's loop, and its fine-tuning.

`build` makes examples out of public problems and a grammar of the project's own; `tune` fits a LoRA adapter to them
(the extra `train`); `keep` adds what the tuned model itself solved (rejection sampling). Each stage writes a ledger.
"""
