"""What the frame of the pages asks about their language."""

from django import template

from config import words

register = template.Library()


@register.simple_tag
def js_words() -> str:
    """The address of the scripts' words, in the language of the page."""
    return words.address()
