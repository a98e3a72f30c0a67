"""Why the server closes a socket; `docs/websockets.md` lists them. 4000 to 4999 are for applications (RFC 6455)."""

from enum import IntEnum

from django.utils.translation import gettext_lazy as _


class Close(IntEnum):
    OVER = 1000  # the log or the shell has come to its end
    BAD_MESSAGE = 4400
    SIGNED_OUT = 4401
    REVOKED = 4403
    NOT_FOUND = 4404
    NOT_PERMITTED = 4405
    TOO_SLOW = 4408
    GONE = 4409
    IDLE = 4410
    TOO_MANY = 4429
    UNAVAILABLE = 4503

    @property
    def word(self) -> str:
        """The `code` in the `error` message that comes before."""
        return self.name.lower()


WORDS = {
    Close.OVER: _("It has come to its end."),
    Close.BAD_MESSAGE: _("This message was not understood; /api/docs/websockets/ describes those that are."),
    Close.SIGNED_OUT: _("You are not signed in any more, or the ticket was used or has run out. Sign in again."),
    Close.REVOKED: _("Your access to this container has ended."),
    Close.NOT_FOUND: _("There is no such container, or it is not shared with you."),
    Close.NOT_PERMITTED: _("You may not do this with the container; ask its owner."),
    Close.TOO_SLOW: _("Nothing was taken in here for a minute, or too slowly. Open it again."),
    Close.GONE: _("The container was deleted."),
    Close.IDLE: _("Nothing was typed or shown for a while. Open it again."),
    Close.TOO_MANY: _("Too many are open, or too much was sent at once. Close some, and try again."),
    Close.UNAVAILABLE: _("What this needs does not answer at the moment. Come again in a while."),
}
