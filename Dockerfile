# One image for every program of Warren; what runs in it is said by its command (see compose.yaml).
# The Python that the tests run on.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

# What the image that ends connections is made of (`manage.py prepare`, docs/adr/0008).
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends busybox-static iproute2 \
    && rm -rf /var/lib/apt/lists/*
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/warren/.venv/bin:$PATH
WORKDIR /warren

# Packages first: they change less often than the code. Compiled here: nobody may write to them later, and each start of
# each program would do it again.
COPY pyproject.toml uv.lock ./
RUN python3 -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir 'uv==0.13.9' \
    && .venv/bin/uv sync --quiet --frozen --no-dev --inexact --no-cache --compile-bytecode

COPY manage.py ./
COPY config config
COPY tenants tenants
COPY containers containers
COPY access access
COPY cloudflare cloudflare
COPY monitoring monitoring
COPY locale locale
COPY templates templates
COPY static static
# A page of its own: /api/docs/websockets/.
COPY docs/websockets.md docs/
# Numbers of its own, because files from outside have to be readable for it: docs/deployment.md names them.
RUN groupadd --gid 1000 warren \
    && useradd --uid 1000 --gid warren --no-create-home --home-dir /var/lib/warren --shell /usr/sbin/nologin warren \
    && install -d -o warren -g warren -m 700 /var/lib/warren /var/lib/warren/archives \
    && SECRET_KEY=only-to-collect-files STATIC_ROOT=/warren/collected python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q config tenants containers access cloudflare monitoring
ENV WARREN_HOME=/var/lib/warren STATIC_ROOT=/warren/collected
USER warren
EXPOSE 8000
# -v 0: no line for each request. Those would hold the links that mails lead by, and a proxy keeps such a log anyway.
CMD ["daphne", "-v", "0", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
