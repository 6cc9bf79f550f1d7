"""Who of the issuer of single sign-on an account is: an admin links one that was there before, or ends that."""

from __future__ import annotations

from agi_app.errors import InputError
from agi_app.installation import Installation
from agi_app.messages import t
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.operations.administration.sign_on_asks import setting_of
from agi_app.operations.service import accounts
from agi_app.single_sign_on.id_token import MOST_SUBJECT
from agi_app.store.service import sign_on as table


@noted(Scope.ACCOUNTS_MANAGE, "account identity", "name")
async def link(inst: Installation, name: str, subject: str) -> None:
    """Let who has this subject at the issuer sign in as an account, with the roles that the issuer's claim gives.

    Raises InputError for no such account, or when it or the subject is linked already; ConfigError, StoreError.
    """
    oidc = setting_of(inst)
    if not (1 <= len(subject) <= MOST_SUBJECT and subject.isprintable()):
        raise InputError(t("--subject: 1 to {most} characters, as the issuer has it", most=MOST_SUBJECT))
    await accounts.one(inst, name)
    if not await table.bind(inst.store, oidc.issuer, subject, name):
        owner = await table.account_of(inst.store, oidc.issuer, subject) or name
        raise InputError(t("this is linked already: see {owner}; --remove ends that", owner=owner))


@noted(Scope.ACCOUNTS_MANAGE, "account identity removed", "name")
async def unlink(inst: Installation, name: str) -> None:
    """Let nobody of the issuer sign in as this account any longer; ends its sessions.

    Raises InputError when it is not linked; ConfigError, StoreError.
    """
    if not await table.unbind(inst.store, setting_of(inst).issuer, name):
        raise InputError(t("the account {name} is not linked to anybody at the issuer", name=name))
