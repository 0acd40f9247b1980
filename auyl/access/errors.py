"""What access refuses, in words that say what to do."""

from auyl.errors import AuylError


class AccessError(AuylError):
    """Base of the refusals of this room."""


class PrincipalInvalid(AccessError):
    """A name that cannot be a principal."""


class PasswordTooWeak(AccessError):
    """A password that is too short, or too long to be hashed."""


class TerritoryUnknown(AccessError):
    """A territory under which no okrug lies in the current edition."""


class SignInRefused(AccessError):
    """Wrong name, wrong password, locked or closed account: the caller does not learn which."""

    def __init__(self) -> None:
        super().__init__("sign-in refused")
