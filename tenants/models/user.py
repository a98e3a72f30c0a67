"""People: the e-mail address is the login, whatever case it is typed in."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone


def fold_email(email: str) -> str:
    """The one spelling of an address that is stored and compared. Cloudflare Access ignores case, too.

    Of ASCII letters alone: folding others makes one address of two, such as the domains straße.de and strasse.de.
    """
    return "".join(letter.lower() if letter.isascii() else letter for letter in email.strip())


class UserManager(BaseUserManager["User"]):
    def locked(self) -> models.QuerySet["User"]:
        """For whoever changes them. Rows that name a person are still written by others meanwhile: who holds a
        container and writes who shared it must not wait for somebody who closes that person's account, and wants it.
        """
        return self.select_for_update(no_key=True)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=fold_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=fold_email(username or ""))


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # knox names its relation so
    email = models.EmailField("e-mail address", unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May use the admin.")
    is_active = models.BooleanField("active", default=True, help_text="Clear this instead of deleting people.")
    language = models.CharField(
        max_length=10, blank=True, choices=settings.LANGUAGES, help_text="Empty: as the browser says."
    )
    date_joined = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ("email",)

    def __str__(self) -> str:
        return self.email

    def get_full_name(self) -> str:
        """Django's name for it, which the admin shows."""
        return self.name

    def clean(self) -> None:
        super().clean()
        self.email = fold_email(self.email)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = fold_email(self.email)
        super().save(*args, **kwargs)
