"""Sentences of Django REST framework's that people read in Warren, here to be translated anew.

Its German says du, and as it has sentences of Django's forms as well, these would say so, too: in the midst of pages
that say Sie. A project's own catalogue goes before those of what it has installed.
"""

from django.utils.translation import gettext_noop as _

SENTENCES = (
    _("Enter a valid email address."),
    _("Enter a valid URL."),
    _('Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.'),
    _('Enter a valid "slug" consisting of Unicode letters, numbers, underscores, or hyphens.'),
    _("Upload a valid image. The file you uploaded was either not an image or a corrupted image."),
    _("Ensure this field has no more than {max_length} characters."),
    _("Ensure this field has at least {min_length} characters."),
    _("Ensure this value is less than or equal to {max_value}."),
    _("Ensure this value is greater than or equal to {min_value}."),
    _("Ensure that there are no more than {max_digits} digits in total."),
    _("Ensure that there are no more than {max_decimal_places} decimal places."),
    _("Ensure that there are no more than {max_whole_digits} digits before the decimal point."),
    _("Ensure this filename has at most {max_length} characters (it has {length})."),
    _("Datetime has wrong format. Use one of these formats instead: {format}."),
    _("Date has wrong format. Use one of these formats instead: {format}."),
    _("Time has wrong format. Use one of these formats instead: {format}."),
)
