"""Tells an alert by mail. The library of Python sends it in a thread: a mail now and then needs no other one."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from agi_app.config.monitor import AlertSettings
from agi_app.event_loop import in_background
from agi_app.messages import of_system, t

ANSWER_S = 15.0  # for each answer of the server
LIMIT_S = 45.0


async def send(settings: AlertSettings, password: str, subject: str, text: str, limit_s: float = LIMIT_S) -> str | None:
    """Why it failed, in words; None: the server took it. It is not waited for longer than ``limit_s``."""
    try:
        async with asyncio.timeout(limit_s):
            await in_background(_send, settings, password, _message(settings, subject, text))
    except TimeoutError:
        return t("the mail server {host} took longer than {limit_s:g} s", host=settings.mail_host, limit_s=limit_s)
    except smtplib.SMTPException as error:
        return t("the mail server {host} did not take it: {error}", host=settings.mail_host, error=error)
    except OSError as error:
        where = f"{settings.mail_host}:{settings.mail_port}"
        return t("the mail server {where} cannot be reached: {why}", where=where, why=of_system(error))
    return None


def _message(settings: AlertSettings, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(subject.split())
    message["From"], message["To"] = settings.mail_from, ", ".join(settings.mail_to)
    message["Date"], message["Message-ID"] = formatdate(), make_msgid("agi-app")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text + "\n")
    return message


def _send(settings: AlertSettings, password: str, message: EmailMessage) -> None:
    """Blocks. Raises SMTPException, OSError."""
    host, port = settings.mail_host, settings.mail_port
    if settings.mail_tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=ANSWER_S, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(host, port, timeout=ANSWER_S)
    with server:
        if settings.mail_tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.mail_user:
            server.login(settings.mail_user, password)
        server.send_message(message)
