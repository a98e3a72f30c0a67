"""Signing in to Warren itself through Cloudflare Access, where Warren stands behind it.

`middleware` asks `assertion` who the edge vouches for, by `keys` that a worker read, and `people` whether that person
is let in; `staff` holds what a worker read of the application at the door. A request asks rows alone.
"""
