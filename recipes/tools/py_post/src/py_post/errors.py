"""What can go wrong in a way that the person at the keyboard can mend."""


class DataError(Exception):
    """The input is not what it should be, or the output cannot be written: exit code 1."""


class UsageError(Exception):
    """The command line does not make sense: exit code 2."""


def reason_of(error: OSError) -> str:
    """What the system says, as the end of a sentence."""
    return (error.strerror or str(error)).lower()
