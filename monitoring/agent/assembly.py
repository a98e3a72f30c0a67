"""The agent with all its parts."""

from monitoring.agent import Agent


def assemble() -> Agent:
    return Agent()
