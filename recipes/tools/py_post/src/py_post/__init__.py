"""Tables and figures of what a run left behind."""

__version__ = "1.0.0"
