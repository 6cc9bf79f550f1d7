"""Who acts, in which roles, and what a role may do: five fixed roles of staff, and that of agents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from agi_app.errors import Forbidden
from agi_app.messages import t


class Role(StrEnum):
    """What somebody was appointed to; there is no other role and no editor of roles."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    AGENT = "agent"


class Scope(StrEnum):
    """One thing that may be done; an API token holds some of them."""

    FIGURES_READ = "figures.read"  # campaigns, figures, reports, nodes, rules; no person
    PEOPLE_READ = "people.read"  # contacts, calls and decisions, with masked numbers
    PEOPLE_REVEAL = "people.reveal"  # whole numbers; each look is noted
    CONTACTS_IMPORT = "contacts.import"
    CAMPAIGNS_DRAFT = "campaigns.draft"  # files of campaigns, flows and prompts; previews
    CAMPAIGNS_START = "campaigns.start"  # start and resume
    CAMPAIGNS_PAUSE = "campaigns.pause"  # pause and stop: harmless
    CAMPAIGNS_APPROVE = "campaigns.approve"
    STOPS_ENTER = "stops.enter"
    CALLS_REHEARSE = "calls.rehearse"  # to telephones that were proved
    CALLS_ASK = "calls.ask"  # a call to a contact for an agent
    RECORDINGS_LISTEN = "recordings.listen"
    AGENTS_MANAGE = "agents.manage"
    AGENT_SELF = "agent.self"  # one's own state as an agent
    CONSENTS_ENTER = "consents.enter"  # consents, wordings, withdrawals, do-not-call lists
    PEOPLE_ERASE = "people.erase"
    COMPLAINTS_READ = "complaints.read"
    COMPLAINTS_CHANGE = "complaints.change"
    EXPORTS_MASKED = "exports.masked"
    EXPORTS_WHOLE = "exports.whole"  # with whole numbers; each is noted
    PROOF_READ = "proof.read"  # audit proofs, verification, exports of the tree
    ACTIONS_READ = "actions.read"  # who did what
    GUARD_READ = "guard.read"
    GUARD_CHANGE = "guard.change"
    CALLER_IDS_PROVE = "caller_ids.prove"
    ACCOUNTS_MANAGE = "accounts.manage"  # accounts and tokens
    WEBHOOKS_MANAGE = "webhooks.manage"
    SERVICE_MANAGE = "service.manage"  # settings, doctor, recovery, audit keys


_VIEWER = {Scope.FIGURES_READ, Scope.PEOPLE_READ, Scope.GUARD_READ, Scope.EXPORTS_MASKED}
_ABOVE = _VIEWER | {Scope.CAMPAIGNS_PAUSE, Scope.STOPS_ENTER}
_OPERATOR = _ABOVE | {
    Scope.CONTACTS_IMPORT,
    Scope.CAMPAIGNS_DRAFT,
    Scope.CAMPAIGNS_START,
    Scope.CALLS_REHEARSE,
    Scope.GUARD_CHANGE,
}
ALLOWED: Mapping[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.OPERATOR: frozenset(_OPERATOR),
    Role.SUPERVISOR: frozenset(
        _OPERATOR | {Scope.CAMPAIGNS_APPROVE, Scope.CALLS_ASK, Scope.RECORDINGS_LISTEN, Scope.AGENTS_MANAGE}
    ),
    Role.COMPLIANCE: frozenset(
        _ABOVE
        | {
            Scope.CAMPAIGNS_APPROVE,
            Scope.PEOPLE_REVEAL,
            Scope.RECORDINGS_LISTEN,
            Scope.CONSENTS_ENTER,
            Scope.PEOPLE_ERASE,
            Scope.COMPLAINTS_READ,
            Scope.COMPLAINTS_CHANGE,
            Scope.EXPORTS_WHOLE,
            Scope.PROOF_READ,
            Scope.ACTIONS_READ,
        }
    ),
    Role.ADMIN: frozenset(
        _ABOVE
        | {
            Scope.CALLER_IDS_PROVE,
            Scope.CALLS_REHEARSE,
            Scope.ACCOUNTS_MANAGE,
            Scope.WEBHOOKS_MANAGE,
            Scope.SERVICE_MANAGE,
            Scope.ACTIONS_READ,
        }
    ),
    Role.AGENT: frozenset({Scope.AGENT_SELF}),
}


def scopes_of(roles: frozenset[Role]) -> frozenset[Scope]:
    """All that these roles may do together."""
    return frozenset().union(*(ALLOWED[role] for role in roles))


Via = Literal["cli", "api", "console", "worker"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, in which roles, and by which way.

    ``scopes`` narrows what the roles allow (those of an API token); None: all of it. ``address`` is the client's.
    """

    account: str
    roles: frozenset[Role]
    via: Via
    os_user: str | None = None
    address: str | None = None
    token: str | None = None  # id of the API token or session, never its text
    scopes: frozenset[Scope] | None = None
    language: str | None = None  # that the account chose: en or zh
    shown: str | None = field(
        default=None, repr=False
    )  # the token or session itself, for a worker that verifies an ask

    @property
    def by_service(self) -> bool:
        """Whether it comes by the service over the network: its API, or a page."""
        return self.via in ("api", "console")

    def may(self, scope: Scope) -> bool:
        """Whether one of the roles allows it, and the token, if it is one.

        Anybody who reaches the installation's files, or has a link to stop, may enter a stop: it waits for no account.
        """
        if scope is Scope.STOPS_ENTER and not self.by_service:
            return True
        return scope in scopes_of(self.roles) and (self.scopes is None or scope in self.scopes)

    def require_own(self) -> None:
        """Raises Forbidden unless this actor has an account that is enabled: for what is about that account alone."""
        self._require_account(t(" or ").join(Role), "")
        if not self.roles:
            raise Forbidden(t("{account} has no account that is enabled", account=self.account), "")

    def _require_account(self, able: str, scope: str) -> None:
        if not self.roles and self.via == "cli":
            raise Forbidden(
                t(
                    "the user {user} has no account that is enabled: an admin maps one with"
                    " `agi-app account add NAME --os-user {user} --role ROLE`; this takes {able}",
                    user=self.os_user,
                    able=able,
                ),
                scope,
            )

    def require(self, scope: Scope) -> None:
        """Raises Forbidden, which names the roles that may, unless this actor may."""
        if self.may(scope):
            return
        if scope in scopes_of(self.roles):
            raise Forbidden(
                t("this token of {account} has not the scope {scope}", account=self.account, scope=scope), scope
            )
        able = t(" or ").join(role for role, allowed in ALLOWED.items() if scope in allowed)
        self._require_account(able, scope)
        held = ", ".join(sorted(self.roles)) or t("none")
        raise Forbidden(
            t(
                "{account} may not do this ({scope}): it takes the role {able}; {held} is held",
                account=self.account,
                scope=scope,
                able=able,
                held=held,
            ),
            scope,
        )
