"""The doorbell hangs at the bottom, where mail rings it, too; apps from here on up know it by this name."""

from tenants.doorbell import ring, send

__all__ = ["ring", "send"]
