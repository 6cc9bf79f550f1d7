"""Settings of one installation: ``agi-app.toml`` in the project folder, overruled by credentials and the environment.

``AGI_APP_ASTERISK__PASSWORD=…`` sets ``[asterisk] password``; ``DATABASE_URL`` sets the database. A credential of the
service, ``agi-app.asterisk.password``, does the same, and nobody else can read it.
Read and validated once; frozen afterwards. The test ranges and a moved clock are for trunks marked ``sandbox`` only.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from agi_app import credentials
from agi_app.authoring import renames
from agi_app.config.ami import AmiSettings
from agi_app.config.asterisk import AsteriskSettings
from agi_app.config.console import ConsoleSettings
from agi_app.config.database_url import fault_in
from agi_app.config.destinations import DestinationSettings
from agi_app.config.exchange import ExchangeSettings
from agi_app.config.feeds import FeedSettings, one_feed_a_campaign
from agi_app.config.identity import BackupSettings, IdentitySettings
from agi_app.config.lines import InboundLineSettings, one_line_a_number
from agi_app.config.monitor import AlertSettings, MonitorSettings, TraceSettings
from agi_app.config.prompts import PromptSettings, TtsSettings
from agi_app.config.results import ResultsSettings
from agi_app.config.screening import EASY_TO_GUESS, LEAST_TOKEN, AgiSettings, GuardSettings, usable_token
from agi_app.config.setting_faults import of_variable, plain_fault
from agi_app.config.speech import SpeechSettings
from agi_app.config.toml_lines import Places, find, line_column, places, syntax_faults
from agi_app.config.trunks import Name, TrunkSettings
from agi_app.config.webhooks import WebhookSettings
from agi_app.errors import ConfigError, Problem
from agi_app.file_kinds import not_utf8, why
from agi_app.messages import current, t, template

SETTINGS_FILE = "agi-app.toml"
DATABASE_URL = "DATABASE_URL"
PREFIX = "AGI_APP_"
# Variables of this prefix that are no settings: the language, a key, those of the scripts, those of the Asterisk image.
OTHER_VARIABLES = re.compile(
    r"AGI_APP_(LANG|SUPPRESSION_KEY|ASTERISK_ROOT|CACHE|DEBIAN_MIRROR|GRACE_SECONDS|PYTHON|VENV"
    r"|ARI_PASSWORD|ENTITY_ID|HTTP_PORT|SIP_BIND|SIP_PUBLIC|RTP_START|RTP_END|STRICT_RTP|SYSTEM_NAME|MAX_FILES"
    r"|AMI_ENABLED|AMI_PORT|AMI_PASSWORD|AGI_TOKEN|AGI_PORT|ETC_DIR|STATE_DIR|PROMPTS_FOLDER)"
)

_RULE = "settings"  # of the faults of agi-app.toml


class SandboxSettings(BaseModel, extra="forbid", frozen=True):
    """Only for trials on trunks marked ``sandbox``."""

    clock: AwareDatetime | None = Field(
        None, description=template("rules time starts at this instant and runs at real speed; needs a UTC offset")
    )


class AuditSettings(BaseModel, extra="forbid", frozen=True):
    """The proof of what was done (docs/how-to/audit.md)."""

    witness: Path | None = Field(
        None,
        description=template("a folder on another disk or a mounted share that gets a copy of the signed checkpoints"),
    )


class EnvironmentFirst(BaseSettings):
    """Settings of a file that the environment overrules."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


class Settings(EnvironmentFirst):
    """All settings of one project folder."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix=PREFIX, env_nested_delimiter="__")

    project: Path
    data_folder: Path = Field(Path("var"), description=template("database, journal and keys of this project"))
    approval: Literal["two", "alone"] = Field(
        "two",
        description=template(
            'who approves a start that needs it: "two" is another person; "alone" is nobody, which holds only while'
            " exactly one account is enabled"
        ),
    )
    approve_above: int = Field(
        500,
        ge=0,
        le=500,
        description=template("a campaign with more contacts needs an approval to start; it can be lowered"),
    )
    database_url: str = Field(
        "",
        description=template("postgresql://… of a server 15 or newer; empty: agi-app starts an embedded one"),
        repr=False,
    )
    asterisk: AsteriskSettings = AsteriskSettings()
    trunks: dict[Name, TrunkSettings] = Field(default_factory=dict)
    destinations: dict[Name, DestinationSettings] = Field(default_factory=dict)
    lines: Annotated[dict[Name, InboundLineSettings], AfterValidator(one_line_a_number)] = Field(default_factory=dict)
    feeds: Annotated[dict[Name, FeedSettings], AfterValidator(one_feed_a_campaign)] = Field(default_factory=dict)
    results: dict[Name, ResultsSettings] = Field(default_factory=dict)
    prompts: PromptSettings = PromptSettings()
    tts: TtsSettings = TtsSettings()
    speech: SpeechSettings = SpeechSettings()
    agi: AgiSettings = AgiSettings()
    ami: AmiSettings = AmiSettings()
    guard: GuardSettings = GuardSettings()
    audit: AuditSettings = AuditSettings()
    backup: BackupSettings = BackupSettings()
    monitor: MonitorSettings = MonitorSettings()
    alerts: AlertSettings = AlertSettings()
    traces: TraceSettings = TraceSettings()
    console: ConsoleSettings = ConsoleSettings()
    exchange: ExchangeSettings = ExchangeSettings()
    webhooks: WebhookSettings = WebhookSettings()
    sandbox: SandboxSettings = SandboxSettings()
    identity: IdentitySettings | None = None
    _names_of_today = model_validator(mode="before")(renames.in_settings)

    @field_validator("database_url")
    @classmethod
    def _password_stays_one(cls, value: str) -> str:
        if (fault := fault_in(value)) is not None:
            raise ValueError(fault)
        return value

    @model_validator(mode="after")
    def _destinations_are_ours(self) -> Settings:
        ways = {d.rpartition("@")[2]: (name, bool(t.ports)) for name, t in self.trunks.items() for d in t.endpoints()}
        for name, destination in self.destinations.items():
            if fault := destination.fault_with(ways, ami=bool(self.ami.username)):
                raise PydanticCustomError(
                    "setting", "{text}", {"text": fault[1], "path": ("destinations", name, fault[0])}
                )
        return self

    @model_validator(mode="after")
    def _sandbox_clock_needs_sandbox_trunks(self) -> Settings:
        real = [name for name, trunk in self.trunks.items() if not trunk.sandbox]
        if self.sandbox.clock is not None and (real or not self.trunks):
            raise ValueError(
                t("sandbox.clock is accepted only if every trunk is marked sandbox = true")
                + (t("; these are not: {real}", real=", ".join(real)) if real else t("; there is no trunk at all"))
            )
        return self

    @model_validator(mode="after")
    def _listening_needs_speech(self) -> Settings:
        if self.guard.listen and self.speech.engine == "none":
            raise ValueError(t("guard.listen needs a recogniser: set [speech] engine (docs/how-to/spoken-answers.md)"))
        return self

    @property
    def data(self) -> Path:
        """The data folder as an absolute path."""
        return self.project / self.data_folder

    @property
    def console_folder(self) -> Path:
        """Where `agi-app console` finds how to reach the database, as an absolute path."""
        return self.project / self.console.folder

    @property
    def exchange_folder(self) -> Path:
        """Where `agi-app exchange` finds how to reach the database, as an absolute path."""
        return self.project / self.exchange.folder

    def certificate_chain(self) -> tuple[Path, Path] | None:
        """The files of the console's certificate and of its key; None without. Raises ConfigError."""
        certificate, key = self.console.certificate, self.console.certificate_key
        if certificate is None or key is None:
            return None
        return credentials.located(self.project, certificate), credentials.located(self.project, key)

    def ari_password(self) -> str:
        """The ARI password from the settings, its file or the environment; ConfigError when there is none."""
        if secret := self._secret(self.asterisk.password, self.asterisk.password_file, t("ARI password")):
            return secret
        told = "no ARI password: set [asterisk] password_file in agi-app.toml or AGI_APP_ASTERISK__PASSWORD"
        raise ConfigError(t(told))

    def ari_password_file(self) -> Path | None:
        """The file of the ARI password; None when it comes from elsewhere. Raises ConfigError."""
        file = self.asterisk.password_file
        return None if self.asterisk.password or file is None else credentials.located(self.project, file)

    def ami_password(self) -> str:
        """The secret of the manager interface's user; ConfigError when there is none."""
        if secret := self._secret(self.ami.password, self.ami.password_file, t("AMI password")):
            return secret
        raise ConfigError(t("no password of the manager interface: set [ami] password_file in agi-app.toml"))

    def sign_on_secret(self) -> str:
        """The console's secret at the provider of single sign-on; empty: it has none. Blocks. Raises ConfigError."""
        oidc = self.console.oidc
        return self._secret(oidc.client_secret, oidc.client_secret_file, t("client secret")) if oidc else ""

    def alert_mail_password(self) -> str:
        """The password at the mail server of alerts; empty when none is needed. Blocks. Raises ConfigError."""
        return self._secret("", self.alerts.mail_password_file, t("mail password"))

    def agi_token(self) -> str | None:
        """What a FastAGI request must show; None when none is set, so none is answered. Raises ConfigError."""
        token = self._secret(self.agi.token, self.agi.token_file, t("AGI token"))
        if token and not usable_token(token):
            bad_token = t(EASY_TO_GUESS, least=LEAST_TOKEN)
            told = "the AGI token in {token_file} {bad_token}"
            raise ConfigError(t(told, token_file=self.agi.token_file, bad_token=bad_token))
        return token or None

    def console_database_url(self) -> str:
        """How `agi-app console` reaches the database, as its own role; ConfigError when nobody has set that up."""
        return self.console.database_url or _set_up_address(self.console_folder, "console")

    def exchange_database_url(self) -> str:
        """How `agi-app exchange` reaches the database, as its own role; ConfigError when nobody has set that up."""
        return self.exchange.database_url or _set_up_address(self.exchange_folder, "exchange")

    def feed_database_url(self, name: str) -> str:
        """How a feed reaches the other system's database, with the password; ConfigError when nobody can tell."""
        feed = self.feeds[name]
        what = t("database address of feed {name}", name=name)
        address = self._secret(feed.database_url, feed.database_url_file, what)
        if (fault := fault_in(address)) is not None:
            raise ConfigError(t("the {what} in {file}: {fault}", what=what, file=feed.database_url_file, fault=fault))
        return address

    def results_database_url(self, target: str) -> str:
        """How results get to a target's database, with the password. Blocks. Raises ConfigError."""
        found, what = self.results[target], t("database address of [results.{target}]", target=target)
        return self._secret(found.database_url, found.database_url_file, what)

    def results_statement(self, target: str) -> str:
        """The statement that puts a result into a target's database. Blocks. Raises ConfigError."""
        found, what = self.results[target], t("statement of [results.{target}]", target=target)
        return self._secret(found.statement, found.statement_file, what)

    def _secret(self, given: str, file: Path | None, what: str) -> str:
        """What is given, else what the file holds, and nothing else is in it; empty when there is neither."""
        if given or file is None:
            return given
        try:
            secret = credentials.located(self.project, file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            told = why(error) if isinstance(error, OSError) and current() != "en" else error
            fault = t("the {what} file {file} cannot be read: {error}", what=what, file=file, error=told)
            raise ConfigError(fault) from error
        if not secret:
            raise ConfigError(t("the {what} file {file} is empty", what=what, file=file))
        return secret


def load_settings(project: Path, written: str | None = None) -> Settings:
    """Read ``agi-app.toml``, or what is to be ``written`` there, and the environment; ConfigError names the place."""
    file = project / SETTINGS_FILE
    table, known = _read_table(file, written)
    credentials.overrule(table)
    if os.environ.get(DATABASE_URL):
        table["database_url"] = os.environ[DATABASE_URL]
    project = project.resolve()
    if strange := _no_settings():
        raise _refused(file, known, strange)
    try:
        # AGI_APP_PROJECT is where the command line looks; it must not move the project that was named.
        return Settings(project=project, **table).model_copy(update={"project": project})
    except ValidationError as error:
        faults = [(e.get("ctx", {}).get("path", e["loc"]), plain_fault(e, Settings)) for e in error.errors()]
        raise _refused(
            file, known, [(at, f"{'.'.join(map(str, at)) or 'settings'}: {text}") for at, text in faults]
        ) from None
    except SettingsError as error:
        raise ConfigError(t("the environment variables: {error}", error=error)) from None


def _no_settings() -> list[tuple[tuple[str | int, ...], str]]:
    """Variables of the environment that look like settings but are not, as paths with the words."""
    named = sorted(map(str.upper, os.environ))
    return [
        (path, f"{path[0]}: {of_variable(path[0], PREFIX, Settings)}")
        for name in named
        if name.startswith(PREFIX) and not OTHER_VARIABLES.fullmatch(name)
        for path in [tuple(name.removeprefix(PREFIX).lower().split("__"))]
        if path[0] not in Settings.model_fields
    ]


def _refused(file: Path, known: Places, faults: list[tuple[tuple[str | int, ...], str]]) -> ConfigError:
    """Each fault with the variable that set it, else with file, line and column; of the table if it is not there.

    A fault of a variable is not one of the file: then there are no ``problems``.
    """
    lines, problems, secrets = [], [], credentials.given()
    for path, text in faults:
        if (variable := _variable(path)) is not None:
            lines.append(t("the environment variable {variable}: {text}", variable=variable, text=text))
        elif (parts := tuple(map(str, path))) in secrets:
            lines.append(t("the credential {name}: {text}", name=credentials.name_of(parts), text=text))
        else:
            place = find(known, path)
            lines.append(f"{file if place is None else f'{file}:{place[0]}:{place[1]}'}: {text}")
            problems.append(Problem(SETTINGS_FILE, *(place or (1, 1)), _RULE, text))
    return ConfigError("\n".join(lines), tuple(problems) if len(problems) == len(lines) else ())


def _variable(path: tuple[str | int, ...]) -> str | None:
    """The environment variable that sets what ``path`` names."""
    ours = "_".join(("AGI_APP", "__".join(map(str, path)))).upper()
    found = any(name.upper() == ours for name in os.environ)
    if not found and path == ("database_url",) and os.environ.get(DATABASE_URL):
        return DATABASE_URL
    return ours if found else None


def source_of_database() -> str:
    """Where the address of the database was set, as messages tell it."""
    path = ("database_url",)
    if (variable := _variable(path)) is not None:
        return t("the environment variable {variable}", variable=variable)
    if path in credentials.given():
        return t("the credential {name}", name=credentials.name_of(path))
    return t("database_url of {settings_file}", settings_file=SETTINGS_FILE)


def _read_table(file: Path, written: str | None = None) -> tuple[dict[str, Any], Places]:
    text, content = "", b""
    try:
        content = file.read_bytes() if written is None else written.encode()
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except FileNotFoundError:
        raise ConfigError(
            t("{file}: there is no such file; `agi-app init DIR` makes a project, --project names one", file=file)
        ) from None
    except UnicodeDecodeError as error:
        place = line_column(content[: error.start].decode("utf-8"), error.start)
        words = t("cannot be read: {not_utf8}", not_utf8=not_utf8(content))
        problem = Problem(SETTINGS_FILE, *place, _RULE, words)
        raise ConfigError(f"{file}:{place[0]}:{place[1]}: {words}", (problem,)) from None
    except OSError as error:
        words = t("cannot be read: {more}", more=t("this is a folder") if file.is_dir() else why(error))
        raise ConfigError(f"{file}: {words}", (Problem(SETTINGS_FILE, 1, 1, _RULE, words),)) from error
    except tomllib.TOMLDecodeError as error:
        told = syntax_faults(text, error)
        problems = tuple(Problem(SETTINGS_FILE, *at, _RULE, words) for at, words in told)
        raise ConfigError("\n".join(f"{file}:{at[0]}:{at[1]}: {words}" for at, words in told), problems) from error
    known = renames.paths_today(places(text.replace("\r\n", "\n")))
    if "project" in table:
        raise _refused(file, known, [(("project",), t("project: this name is not a setting"))])
    return table, known


def _set_up_address(folder: Path, process: str) -> str:
    """What `agi-app console setup` or `agi-app exchange setup` wrote into the folder of the process."""
    file = folder / "database-url"
    try:
        address = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        told = "{file}: is not there: run `agi-app {process} setup` once as the user of `agi-app run`"
        raise ConfigError(t(told, file=file, process=process)) from None
    except (OSError, UnicodeDecodeError) as error:
        told = "{file}: cannot be read ({error}): run this as the user of `agi-app {process}`, whose group has it"
        raise ConfigError(t(told, file=file, error=error, process=process)) from error
    if not address or fault_in(address) is not None:
        told = "{file}: is not a database's address: run `agi-app {process} setup` again"
        raise ConfigError(t(told, file=file, process=process))
    return address


def trunk_names(project: Path) -> set[str] | None:
    """The trunks of the project's settings; None when it has no settings file yet."""
    return set(load_settings(project).trunks) if (project / SETTINGS_FILE).exists() else None
