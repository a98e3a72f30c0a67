"""A process that creates a container with an Idempotency-Key and stands still on the way, so that it can be killed.

Reads `{"user", "key", "body", "at"}` as its argument: `at` is `claim` (the key is claimed, nothing is committed) or
`commit` (all is committed, the answer is not sent). Prints a line when it is there.
"""

import json
import sys
import time

import django


def main() -> None:
    django.setup()
    from django.db import transaction
    from django.db.models.signals import post_save
    from rest_framework.test import APIClient

    from containers.models import Container
    from tenants.models import User

    wanted = json.loads(sys.argv[1])

    def stand_still() -> None:
        sys.stdout.write("here\n")
        sys.stdout.flush()
        time.sleep(600)

    def saved(**kwargs: object) -> None:
        if wanted["at"] == "claim":
            stand_still()
        else:
            transaction.on_commit(stand_still)

    post_save.connect(saved, sender=Container, weak=False)
    client = APIClient(SERVER_NAME="localhost")
    client.force_authenticate(User.objects.get(email=wanted["user"]))
    client.post("/api/v1/containers/", wanted["body"], format="json", HTTP_IDEMPOTENCY_KEY=wanted["key"])


if __name__ == "__main__":
    main()
