"""What a new installation has of its own: three templates, and the images that they are made of."""

from pathlib import Path

from django.conf import settings

from containers.engine.images import build_small
from containers.models import Template

IMAGES = Path(__file__).parent / "images"
TEMPLATES = {
    "hello": ("Hello", "A small web page of its own.", ""),
    "echo": ("Echo", "Answers with the headers it got: see who Access says you are.", ""),
    "notes": ("Notes", "Keeps what you write: data that can be downloaded and restored.", "/data"),
}


def build_images() -> None:
    """Build the images of our own templates at the engine, where they are missing or have changed."""
    for name in TEMPLATES:
        build_small(name, IMAGES / name, settings.DOCKER_HOST or None)


def ensure_templates() -> None:
    """Add our own templates; what staff changed in them stays."""
    for slug, (name, description, data_folder) in TEMPLATES.items():
        Template.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "description": description,
                "image": f"warren/{slug}:latest",
                "port": 8080,
                "data_folder": data_folder,
            },
        )
