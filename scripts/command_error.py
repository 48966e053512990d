"""What went wrong, in one sentence that a stranger can act on."""


class CommandError(Exception):
    """Ends a command: its text is printed without a traceback, and the exit code is not zero."""
