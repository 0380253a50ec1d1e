"""The command as it is typed, for the verbs that run jobs."""

from tests.cli.conftest import command

__all__ = ["command"]
