"""`/api/v1/ws-ticket/`: what a front end of another site opens a socket with."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from monitoring.live import tickets
from tenants import current, vouching


class TicketSerializer(serializers.Serializer[Any]):
    ticket = serializers.CharField(help_text="For one socket: `/ws/…?ticket=…`.")
    expires_in = serializers.IntegerField(help_text="Seconds.")


class TicketView(APIView):
    reads = frozenset({"POST"})  # a token that may only read gets one that may only read
    costly = frozenset({"post"})

    @extend_schema(tags=["live"], request=None, responses={201: TicketSerializer})
    def post(self, request: Request) -> Response:
        """Get a ticket that opens one socket within 30 seconds.

        The socket may do what the token or session may that the ticket was asked with, and ends with it.

        There are three. `/ws/containers/`: state, numbers and events of many containers. `/ws/containers/{id}/logs/`:
        what one writes. `/ws/containers/{id}/terminal/`: a shell in it.

        `/api/docs/websockets/` describes every message, with a complete example.
        """
        person, token = current.person(request), current.token(request)
        if token is not None:
            ticket = tickets.issue(person, token=token)
        else:
            sent = {name.lower(): value for name, value in request.headers.items()}
            until = vouching.until(request.session, person, sent)
            ticket = tickets.issue(person, session=request.session.session_key or "", until=until)
        return Response({"ticket": ticket, "expires_in": tickets.SECONDS}, status=status.HTTP_201_CREATED)
