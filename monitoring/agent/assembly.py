"""The agent with all its parts."""

from monitoring.agent import Agent
from monitoring.agent.events import Events
from monitoring.agent.leftovers import Leftovers
from monitoring.agent.logs import Log
from monitoring.agent.measuring import Measuring
from monitoring.agent.publishing import Publishing
from monitoring.agent.recording import Newest, Past, Recording
from monitoring.agent.streams import Streams
from monitoring.agent.terminals import Terminal


def assemble() -> Agent:
    agent = Agent()
    publishing, recording = Publishing(agent), Recording(agent, Newest(), Past())
    streams = Streams(agent, {"logs": Log, "terminal": Terminal})
    measuring = Measuring(agent, publishing, recording)
    for part in (Events(agent), measuring, publishing, recording, streams, Leftovers(agent, streams)):
        agent.add(part)
    return agent
