"""Drawing: the only place besides the command line that prints."""
