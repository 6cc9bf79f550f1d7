"""Sets up how `agi-app exchange` reaches the database."""

from __future__ import annotations

from agi_app.installation import Installation
from agi_app.model.actors import Scope
from agi_app.operations.acting import noted
from agi_app.operations.service.role_access import RoleAccess, give
from agi_app.store.database import service_rights


@noted(Scope.SERVICE_MANAGE, "exchange set up")
async def set_up(inst: Installation, *, group: str = "") -> RoleAccess:
    """Make or renew the exchange's role, password and rights; the members of a group of the system get at them.

    Without a group only the present user does. Raises InputError, ConfigError, SafetyError when the role is more than
    an exchange should be, StoreError.
    """
    return await give(inst.settings, inst.store, service_rights.EXCHANGE, inst.settings.exchange_folder, group)
