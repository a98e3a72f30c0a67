"""The API's own description: OpenAPI 3.1 at `/api/schema/`, and a page made of it at `/api/docs/`.

A view is in it by default. What it can't know of a view the view says with `extend_schema`; the first line of a
method's docstring is its summary. Problems, headers that every answer has, and examples are added by `complete`.
"""
