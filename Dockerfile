# One image for every program of Warren; what runs in it is said by its command (see compose.yaml).
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

# What the image that ends connections is made of (`manage.py prepare`, docs/adr/0008).
RUN apt-get -qq update && apt-get -qq install -y --no-install-recommends busybox-static iproute2 \
    && rm -rf /var/lib/apt/lists/*
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/warren/.venv/bin:$PATH
WORKDIR /warren

# Packages first: they change less often than the code.
COPY pyproject.toml uv.lock ./
RUN python3 -m venv .venv \
    && .venv/bin/pip install --quiet --no-cache-dir 'uv==0.13.9' \
    && .venv/bin/uv sync --quiet --frozen --no-dev --inexact --no-cache

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
RUN useradd --system --uid 1000 --create-home --home-dir /var/lib/warren warren \
    && SECRET_KEY=only-to-collect-files STATIC_ROOT=/warren/collected python manage.py collectstatic --no-input --verbosity 0 \
    && mkdir -m 700 /var/lib/warren/archives \
    && chown -R warren /var/lib/warren
ENV WARREN_HOME=/var/lib/warren STATIC_ROOT=/warren/collected
USER warren
EXPOSE 8000
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "config.asgi:application"]
