"""What access refuses, in words that say what to do."""

from auyl.errors import AuylError


class AccessError(AuylError):
    """Base of the refusals of this package."""


class PrincipalInvalid(AccessError):
    """A name that cannot be a principal."""


class PasswordTooWeak(AccessError):
    """A password that breaks a rule; `rule` is length, nul, name or guessed."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class TerritoryUnknown(AccessError):
    """A territory under which no okrug lies in the current edition."""


class AccountInvalid(AccessError):
    """An account that is not as the command expects it."""


class SignInSlowed(AccessError):
    """This place failed too often: the next attempt is looked at after `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many attempts: the next one in {seconds:.0f} s")
        self.seconds = seconds


class SignInRefused(AccessError):
    """Wrong name, wrong password, closed account: the caller does not learn which."""

    def __init__(self) -> None:
        super().__init__("sign-in refused")
