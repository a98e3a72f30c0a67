"""The agent with all its parts."""

from monitoring.agent import Agent
from monitoring.agent.events import Events
from monitoring.agent.measuring import Measuring
from monitoring.agent.publishing import Publishing
from monitoring.agent.recording import Newest, Past, Recording


def assemble() -> Agent:
    agent = Agent()
    publishing, recording = Publishing(agent), Recording(agent, Newest(), Past())
    for part in (Events(agent), Measuring(agent, publishing, recording), publishing, recording):
        agent.add(part)
    return agent
