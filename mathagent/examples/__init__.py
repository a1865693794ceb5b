"""Training examples out of stored runs: which are taken, and the forms in which trainers read them.

A run of any role (`mathagent.prompts.GIVEN`) is a row of instructions and replies; so all roles of InternLM-Math's
unified format (arXiv 2402.06332) are written in the same way.
"""

from mathagent.examples.example import Example, open_examples
from mathagent.examples.formats import TRAINING, Form, write_examples
from mathagent.examples.select import Wanted, select

__all__ = ["TRAINING", "Example", "Form", "Wanted", "open_examples", "select", "write_examples"]
