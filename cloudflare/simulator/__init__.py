"""A simulator of the part of Cloudflare that Warren uses: the API, and the edge that acts on what was written to it.

    python -m cloudflare.simulator --port 8787

Imports no Django. State lives in `state.World`; `api` writes it, `edge` serves visitors by it.
"""
