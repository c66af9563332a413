"""Asks for a new password at the terminal; a password on a command line would stand in the process list."""

import getpass
import os
import sys

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError

from csm_portal.core.models import User


def ask(name: str, email: str) -> str:
    """Return a password that may be one, from CSM_NEW_PASSWORD or typed twice. Raises CommandError."""
    given = os.environ.get("CSM_NEW_PASSWORD", "")
    if not given:
        if not sys.stdin.isatty():
            raise CommandError(
                "Nobody is there to ask for a password. Give it in the variable CSM_NEW_PASSWORD."
            )
        given = getpass.getpass(f"Password for {email}: ")
        if getpass.getpass("Once more: ") != given:
            raise CommandError("The two passwords differ. Run the command again.")
    try:
        validate_password(given, User(email=email, name=name))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return given
