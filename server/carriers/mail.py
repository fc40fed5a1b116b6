"""Mail, as a record: that there is an alert, and when it was raised. Nothing of whom or what, in no header either."""

from __future__ import annotations

import ssl
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

import aiosmtplib

from core.clock import Clock
from core.errors import Permanent, Temporary
from core.settings import Settings
from server.carriers.carrier import CARRY_SECONDS, Letter

SUBJECT = "Streha"
IMPLICIT_TLS_PORT = 465
_NOT_SIGNED_IN = frozenset({530, 534, 535, 538})


class Mail:
    """Hands letters over to the mail server of the settings, over TLS only."""

    def __init__(self, settings: Settings, clock: Clock, tls: ssl.SSLContext) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = tls
        # The setting may hold a name beside the address.
        self._sender = parseaddr(settings.mail_sender)[1]
        self._domain = self._sender.rpartition("@")[2]

    async def carry(self, letter: Letter) -> None:
        """Send one mail. A server that answers 4xx, as one that greylists does, is asked again."""
        settings, implicit = self._settings, self._settings.smtp_port == IMPLICIT_TLS_PORT
        try:
            await aiosmtplib.send(
                self._written(letter),
                sender=self._sender,
                recipients=[letter.address],
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                # Else the name of this machine would stand in the mail's headers.
                local_hostname=self._domain,
                username=settings.smtp_user or None,
                password=settings.smtp_password.reveal() or None,
                use_tls=implicit,
                start_tls=not implicit,
                tls_context=self._tls,
                timeout=CARRY_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _refused(max(each.code for each in error.recipients)) from error
        except aiosmtplib.SMTPResponseException as error:
            raise _refused(error.code) from error
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise Temporary("The mail server does not answer.", code=type(error).__name__) from error

    def _written(self, letter: Letter) -> EmailMessage:
        """Return the mail; its id is the letter's, so that one that comes twice can be known for one."""
        mail = EmailMessage()
        mail["From"] = self._settings.mail_sender
        mail["To"] = letter.address
        mail["Subject"] = SUBJECT
        mail["Message-ID"] = f"<{letter.id}@{self._domain}>"
        mail["Date"] = format_datetime(self._clock.now())
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(letter.text + "\n")
        return mail


def _refused(code: int) -> Permanent | Temporary:
    """Return what a refusal means; what the server said with it stays unread: it may quote.

    A sign-in that is refused is for the operator to mend, and the mail leaves then.
    """
    if code >= 500 and code not in _NOT_SIGNED_IN:
        return Permanent("The mail server refused.", code=f"SMTP_{code}")
    return Temporary("The mail server could not take this now.", code=f"SMTP_{code}")
