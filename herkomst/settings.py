"""Settings: what the environment says, read once, checked, and passed on as a value."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]

Choice = TypeVar("Choice", bound=str)

PREFIX = "HERKOMST_"
KNOWN = frozenset(
    PREFIX + name
    for name in (
        "HOME",
        "DATABASE_URL",
        "ADMIN_DATABASE_URL",
        "READ_DATABASE_URL",
        "JOURNAL_DATABASE_URL",
        "OPENSEARCH_URL",
        "OPENSEARCH_CA_FILE",
        "OPENSEARCH_PREFIX",
        "KEK_FILE",
        "OIDC_ISSUER",
        "OIDC_AUDIENCE",
        "OIDC_CLIENT_ID",
        "OIDC_CLIENT_SECRET_FILE",
        "DEV_LOGIN",
        "HOST",
        "PORT",
        "METRICS_PORT",
        "BACKUP_DAYS",
        "LOG_FORMAT",
        "LOG_LEVEL",
    )
)
LOG_FORMATS: tuple[LogFormat, ...] = ("text", "json")
LOG_LEVELS: tuple[LogLevel, ...] = ("debug", "info", "warning", "error", "critical")
DEFAULT_PORT = 8437
HIGHEST_PORT = 65535
OPENSEARCH_PREFIX = "herkomst"
_PREFIX = re.compile("[a-z](?:[a-z0-9-]{0,58}[a-z0-9])?")
BACKUP_DAYS = 400
"""A year, and a month to spare."""


class ConfigurationError(Exception):
    """A variable of the environment that cannot be used, and how to mend it.

    The value is never repeated in the message, because it may be a secret.
    """

    def __init__(self, code: str, message: str, cure: str) -> None:
        super().__init__(f"{message} {cure}")
        self.code = code
        self.message = message
        self.cure = cure


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the environment decides. URLs may carry passwords and stay out of the repr."""

    home: Path
    """Directory of the embedded database and of the keys, absolute."""
    kek_file: Path
    """File of the keys that lie outside the database."""
    names_kek_file: bool = False
    """Whether that file was named; one that was not is made under the home, mode 0600."""
    database_url: str | None = field(default=None, repr=False)
    """The role that may only connect; None means the embedded server."""
    admin_database_url: str | None = field(default=None, repr=False)
    """The owner of the database, for migrations."""
    read_database_url: str | None = field(default=None, repr=False)
    """A replica for reads; None means the same as for writes."""
    journal_database_url: str | None = field(default=None, repr=False)
    """Where the journal of reads is kept; None means beside the register."""
    opensearch_url: str | None = field(default=None, repr=False)
    """None means that PostgreSQL answers searches. Several nodes are separated by commas."""
    opensearch_ca_file: Path | None = None
    opensearch_prefix: str = OPENSEARCH_PREFIX
    """What the names of our indexes begin with there: another one for each installation."""
    oidc_issuer: str | None = None
    """Whose word it is who asks; None means that nobody logs in but by development login."""
    oidc_audience: str | None = None
    """What its tokens are for: the name of this product at the provider."""
    oidc_client_id: str | None = None
    """By which name people log in; None means the audience."""
    oidc_client_secret_file: Path | None = None
    """Without it the client is public, and cannot ask whether a bearer token still holds."""
    dev_login: bool = False
    """Whether anyone may make a token. Never on a machine that holds real data."""
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    metrics_port: int = DEFAULT_PORT + 1
    backup_days: int = BACKUP_DAYS
    """For how many days a backup may be restored; what was erased earlier is not listed."""
    log_format: LogFormat = "text"
    log_level: LogLevel = "info"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Reads and checks every ``HERKOMST_*`` variable.

        Raises:
            ConfigurationError: for an unknown variable and for a value that cannot be meant.
        """
        _refuse_unknown(environ)
        home = _home(environ)
        port = _port(environ, "HERKOMST_PORT", DEFAULT_PORT)
        issuer, audience = _identity_provider(environ)
        return cls(
            home=home,
            kek_file=_path(environ, "HERKOMST_KEK_FILE") or home / "kek.json",
            names_kek_file=_path(environ, "HERKOMST_KEK_FILE") is not None,
            database_url=_database_url(environ, "HERKOMST_DATABASE_URL"),
            admin_database_url=_database_url(environ, "HERKOMST_ADMIN_DATABASE_URL"),
            read_database_url=_database_url(environ, "HERKOMST_READ_DATABASE_URL"),
            journal_database_url=_database_url(environ, "HERKOMST_JOURNAL_DATABASE_URL"),
            opensearch_url=_web_urls(environ, "HERKOMST_OPENSEARCH_URL"),
            opensearch_ca_file=_path(environ, "HERKOMST_OPENSEARCH_CA_FILE"),
            opensearch_prefix=_index_prefix(environ, "HERKOMST_OPENSEARCH_PREFIX"),
            oidc_issuer=issuer,
            oidc_audience=audience,
            oidc_client_id=_only_with(environ, "HERKOMST_OIDC_CLIENT_ID", issuer),
            oidc_client_secret_file=_secret_file(environ, issuer),
            dev_login=_choice(environ, "HERKOMST_DEV_LOGIN", ("0", "1"), "0") == "1",
            host=_text(environ, "HERKOMST_HOST") or "127.0.0.1",
            port=port,
            metrics_port=_metrics_port(environ, port),
            backup_days=_days(environ, "HERKOMST_BACKUP_DAYS", BACKUP_DAYS),
            log_format=_choice(environ, "HERKOMST_LOG_FORMAT", LOG_FORMATS, "text"),
            log_level=_choice(environ, "HERKOMST_LOG_LEVEL", LOG_LEVELS, "info"),
        )


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in KNOWN:
            nearest = difflib.get_close_matches(name, sorted(KNOWN), n=1, cutoff=0.0)[0]
            raise ConfigurationError(
                "variable_unknown",
                f"{name} is not a variable of Herkomst.",
                f"The nearest one is {nearest}; rename it, or unset it.",
            )


def _text(environ: Mapping[str, str], name: str) -> str | None:
    value = environ.get(name)
    # An empty value is mostly a secret that was not filled in. Taking it for "unset" would start
    # an embedded database where a server was meant.
    if value is not None and not value.strip():
        raise ConfigurationError(
            "variable_empty", f"{name} is set but empty.", "Give it a value, or unset it."
        )
    return value


def _choice(
    environ: Mapping[str, str], name: str, allowed: tuple[Choice, ...], default: Choice
) -> Choice:
    value = _text(environ, name)
    for choice in allowed:
        if (value or default) == choice:
            return choice
    raise ConfigurationError(
        "variable_invalid",
        f"{name} has a value that is not known.",
        f"It takes one of: {', '.join(allowed)}; unset means {default}.",
    )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    value = _text(environ, name)
    return None if value is None else _expanded(environ, value)


def _expanded(environ: Mapping[str, str], value: str) -> Path:
    if value == "~" or value.startswith("~/"):
        return _user_home(environ) / value[2:]
    return Path(value).absolute()


def _user_home(environ: Mapping[str, str]) -> Path:
    home = environ.get("HOME")
    return Path(home).absolute() if home else Path.home()


def _home(environ: Mapping[str, str]) -> Path:
    given = _path(environ, "HERKOMST_HOME")
    if given is not None:
        return given
    # The XDG specification says that a relative path is invalid and to be ignored.
    shared = Path(environ.get("XDG_DATA_HOME", ""))
    base = shared if shared.is_absolute() else _user_home(environ) / ".local" / "share"
    return base / "herkomst"


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    value = _text(environ, name)
    port = default if value is None else _number(value)
    if not 0 <= port <= HIGHEST_PORT:
        raise ConfigurationError(
            "variable_invalid",
            f"{name} is not a port.",
            f"It takes a whole number from 0 to {HIGHEST_PORT}; 0 lets the system choose.",
        )
    return port


def _days(environ: Mapping[str, str], name: str, default: int) -> int:
    value = _text(environ, name)
    days = default if value is None else _number(value)
    if days < 1:
        raise ConfigurationError(
            "variable_invalid", f"{name} is no number of days.", "It takes a whole number from 1."
        )
    return days


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else -1


def _metrics_port(environ: Mapping[str, str], port: int) -> int:
    if port == 0:
        return _port(environ, "HERKOMST_METRICS_PORT", 0)
    metrics = _port(environ, "HERKOMST_METRICS_PORT", port + 1)
    if metrics == port:
        raise ConfigurationError(
            "variable_invalid",
            "HERKOMST_METRICS_PORT is the same as HERKOMST_PORT.",
            "Metrics have a port of their own; choose another, or unset it for the next one.",
        )
    return metrics


def _database_url(environ: Mapping[str, str], name: str) -> str | None:
    return _url(environ, name, ("postgresql", "postgres"), needs_host=False)


def _web_urls(environ: Mapping[str, str], name: str) -> str | None:
    """One URL, or several with commas between them."""
    value = _text(environ, name)
    each_of_them = () if value is None else value.split(",")
    if all(_is_url(each, ("https", "http"), needs_host=True) for each in each_of_them):
        return value
    raise ConfigurationError(
        "variable_invalid",
        f"{name} is not a URL, nor several.",
        "Write it as https://… or http://…, with commas between several.",
    )


def _index_prefix(environ: Mapping[str, str], name: str) -> str:
    value = _text(environ, name) or OPENSEARCH_PREFIX
    if _PREFIX.fullmatch(value):
        return value
    raise ConfigurationError(
        "variable_invalid",
        f"{name} cannot begin the name of an index.",
        "Write 1 to 60 of a to z, 0 to 9 and hyphens, a letter first and no hyphen last; unset "
        f"means {OPENSEARCH_PREFIX}.",
    )


def _web_url(environ: Mapping[str, str], name: str) -> str | None:
    return _url(environ, name, ("https", "http"), needs_host=True)


def _url(
    environ: Mapping[str, str], name: str, schemes: tuple[str, ...], *, needs_host: bool
) -> str | None:
    value = _text(environ, name)
    if value is None or _is_url(value, schemes, needs_host=needs_host):
        return value
    forms = " or ".join(f"{scheme}://…" for scheme in schemes)
    raise ConfigurationError("variable_invalid", f"{name} is not a URL.", f"Write it as {forms}")


def _is_url(value: str, schemes: tuple[str, ...], *, needs_host: bool) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    # A database may be named without a host: postgresql:///name?host=/a/socket.
    return (
        parts.scheme in schemes
        and value.startswith(f"{parts.scheme}://")
        and (bool(parts.hostname) or not needs_host)
    )


def _identity_provider(environ: Mapping[str, str]) -> tuple[str | None, str | None]:
    issuer = _web_url(environ, "HERKOMST_OIDC_ISSUER")
    audience = _text(environ, "HERKOMST_OIDC_AUDIENCE")
    if (issuer is None) != (audience is None):
        missing = "HERKOMST_OIDC_ISSUER" if issuer is None else "HERKOMST_OIDC_AUDIENCE"
        raise ConfigurationError(
            "variable_missing",
            f"{missing} is not set, but its counterpart is.",
            "A token is only verified with both; set it, or unset the other.",
        )
    if issuer is not None and not _is_private(issuer):
        raise ConfigurationError(
            "variable_invalid",
            "HERKOMST_OIDC_ISSUER is a URL without TLS that is not on this host.",
            "Write it as https://…; whoever stands in between could say who anyone is.",
        )
    return issuer, audience


def _is_private(url: str) -> bool:
    """Whether nobody can listen in: with TLS, or on this host alone."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")


def _only_with(environ: Mapping[str, str], name: str, issuer: str | None) -> str | None:
    value = _text(environ, name)
    if value is not None and issuer is None:
        raise ConfigurationError(
            "variable_missing",
            f"{name} is set, but HERKOMST_OIDC_ISSUER is not.",
            "Name the identity provider as well, or unset it.",
        )
    return value


def _secret_file(environ: Mapping[str, str], issuer: str | None) -> Path | None:
    name = "HERKOMST_OIDC_CLIENT_SECRET_FILE"
    return None if _only_with(environ, name, issuer) is None else _path(environ, name)
