"""`python -m mathagent`."""

from mathagent.cli import main

main()
