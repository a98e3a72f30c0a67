"""HTTP and websockets in one ASGI application; Daphne serves it."""

import gc
import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

pages = get_asgi_application()  # loads the applications, which what follows needs

from config.sockets import Sockets  # noqa: E402
from monitoring.live import routing  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": Sockets(URLRouter(routing.urlpatterns))})

# What is loaded by now stays. Without going through it, too, the garbage collector's full passes take half as long,
# and all sockets wait for them.
gc.collect()
gc.freeze()
