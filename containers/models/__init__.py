from containers.models.archive import Archive, ArchiveKind, ArchiveState
from containers.models.container import Container, Desired
from containers.models.network import Network, NetworkKind
from containers.models.schedule import Scheduled
from containers.models.status import Condition, ContainerStatus, EngineState
from containers.models.template import Template
from containers.models.traffic import Traffic

__all__ = [
    "Archive",
    "ArchiveKind",
    "ArchiveState",
    "Condition",
    "Container",
    "ContainerStatus",
    "Desired",
    "EngineState",
    "Network",
    "NetworkKind",
    "Scheduled",
    "Template",
    "Traffic",
]
