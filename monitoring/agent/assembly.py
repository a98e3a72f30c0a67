"""The agent with all its parts."""

from monitoring.agent import Agent
from monitoring.agent.leftovers import Leftovers
from monitoring.agent.logs import Log
from monitoring.agent.streams import Streams
from monitoring.agent.terminals import Terminal


def assemble() -> Agent:
    agent = Agent()
    streams = Streams(agent, {"logs": Log, "terminal": Terminal})
    for part in (streams, Leftovers(agent, streams)):
        agent.add(part)
    return agent
