from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from herkomst.settings import KNOWN, ConfigurationError, Settings

SECRET = "Zeer-Geheim-1"
URLS = (
    "HERKOMST_DATABASE_URL",
    "HERKOMST_ADMIN_DATABASE_URL",
    "HERKOMST_READ_DATABASE_URL",
    "HERKOMST_JOURNAL_DATABASE_URL",
)


def test_given_nothing_then_everything_has_a_default() -> None:
    settings = Settings.read({"HOME": "/home/anna"})

    assert settings == Settings(
        home=Path("/home/anna/.local/share/herkomst"),
        kek_file=Path("/home/anna/.local/share/herkomst/kek.json"),
        host="127.0.0.1",
        port=8437,
        metrics_port=8438,
        log_format="text",
        log_level="info",
    )
    assert not settings.dev_login
    assert settings.database_url is None


def test_given_every_variable_then_every_one_is_read() -> None:
    environ = {
        "HERKOMST_HOME": "/srv/herkomst",
        "HERKOMST_DATABASE_URL": "postgresql://app@db/herkomst",
        "HERKOMST_ADMIN_DATABASE_URL": "postgresql://owner@db/herkomst",
        "HERKOMST_READ_DATABASE_URL": "postgres://app@replica/herkomst",
        "HERKOMST_JOURNAL_DATABASE_URL": "postgresql:///journal?host=/run/pg",
        "HERKOMST_OPENSEARCH_URL": "https://search-1:9200,https://search-2:9200",
        "HERKOMST_OPENSEARCH_CA_FILE": "/etc/ca.pem",
        "HERKOMST_OPENSEARCH_PREFIX": "politie-proef",
        "HERKOMST_KEK_FILE": "/run/secrets/kek",
        "HERKOMST_OIDC_ISSUER": "https://login.example/realms/politie",
        "HERKOMST_OIDC_AUDIENCE": "herkomst",
        "HERKOMST_OIDC_CLIENT_ID": "herkomst-web",
        "HERKOMST_OIDC_CLIENT_SECRET_FILE": "/run/secrets/oidc",
        "HERKOMST_DEV_LOGIN": "1",
        "HERKOMST_HOST": "0.0.0.0",  # noqa: S104
        "HERKOMST_PORT": "9000",
        "HERKOMST_METRICS_PORT": "9100",
        "HERKOMST_BACKUP_DAYS": "30",
        "HERKOMST_LOG_FORMAT": "json",
        "HERKOMST_LOG_LEVEL": "debug",
    }

    settings = Settings.read(environ)

    assert set(environ) == KNOWN
    assert settings == Settings(
        home=Path("/srv/herkomst"),
        database_url="postgresql://app@db/herkomst",
        admin_database_url="postgresql://owner@db/herkomst",
        read_database_url="postgres://app@replica/herkomst",
        journal_database_url="postgresql:///journal?host=/run/pg",
        opensearch_url="https://search-1:9200,https://search-2:9200",
        opensearch_ca_file=Path("/etc/ca.pem"),
        opensearch_prefix="politie-proef",
        kek_file=Path("/run/secrets/kek"),
        names_kek_file=True,
        oidc_issuer="https://login.example/realms/politie",
        oidc_audience="herkomst",
        oidc_client_id="herkomst-web",
        oidc_client_secret_file=Path("/run/secrets/oidc"),
        dev_login=True,
        host="0.0.0.0",  # noqa: S104
        port=9000,
        metrics_port=9100,
        backup_days=30,
        log_format="json",
        log_level="debug",
    )


def test_given_a_data_home_then_the_home_lies_in_it() -> None:
    assert Settings.read({"XDG_DATA_HOME": "/data"}).home == Path("/data/herkomst")


def test_given_a_relative_data_home_then_it_is_ignored() -> None:
    settings = Settings.read({"XDG_DATA_HOME": "data", "HOME": "/home/anna"})

    assert settings.home == Path("/home/anna/.local/share/herkomst")


def test_given_a_tilde_or_a_relative_path_then_the_home_is_absolute() -> None:
    assert Settings.read({"HERKOMST_HOME": "~/h", "HOME": "/home/anna"}).home == Path(
        "/home/anna/h"
    )
    assert Settings.read({"HERKOMST_HOME": "here"}).home == Path.cwd() / "here"


def test_given_an_unknown_variable_then_the_nearest_is_named() -> None:
    with pytest.raises(ConfigurationError, match="HERKOMST_DATABASE_URL") as raised:
        Settings.read({"HERKOMST_DATABSE_URL": SECRET})

    assert raised.value.code == "variable_unknown"
    assert "HERKOMST_DATABSE_URL" in raised.value.message
    assert SECRET not in str(raised.value)


def test_given_variables_of_others_then_they_are_left_alone() -> None:
    assert Settings.read({"PATH": "/bin", "HERKOMSTIG": "x"}) == Settings.read({})


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_given_an_empty_variable_then_it_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as raised:
        Settings.read({name: ""})

    assert raised.value.code == "variable_empty"


@pytest.mark.parametrize("value", ["true", "yes", "2", "on", "01"])
def test_given_development_login_by_another_word_then_it_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="HERKOMST_DEV_LOGIN"):
        Settings.read({"HERKOMST_DEV_LOGIN": value})


def test_given_zero_then_development_login_is_off() -> None:
    assert not Settings.read({"HERKOMST_DEV_LOGIN": "0"}).dev_login


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HERKOMST_PORT", "http"),
        ("HERKOMST_PORT", "-1"),
        ("HERKOMST_PORT", "65536"),
        ("HERKOMST_PORT", "８４３７"),
        ("HERKOMST_METRICS_PORT", "8437"),
        ("HERKOMST_BACKUP_DAYS", "0"),
        ("HERKOMST_LOG_FORMAT", "xml"),
        ("HERKOMST_LOG_LEVEL", "loud"),
        ("HERKOMST_DATABASE_URL", "mysql://db/herkomst"),
        ("HERKOMST_DATABASE_URL", "postgresql:herkomst"),
        ("HERKOMST_OPENSEARCH_URL", "search:9200"),
        ("HERKOMST_OPENSEARCH_URL", "https://"),
        ("HERKOMST_OPENSEARCH_URL", "https://[::1"),
        ("HERKOMST_OPENSEARCH_URL", "https://search:9200,"),
        ("HERKOMST_OPENSEARCH_URL", "https://search:9200,search:9201"),
        ("HERKOMST_OPENSEARCH_PREFIX", "Herkomst"),
        ("HERKOMST_OPENSEARCH_PREFIX", "_all"),
        ("HERKOMST_OPENSEARCH_PREFIX", "a,b"),
        ("HERKOMST_OPENSEARCH_PREFIX", "a*"),
        ("HERKOMST_OPENSEARCH_PREFIX", "herkomst-"),
        ("HERKOMST_OPENSEARCH_PREFIX", "h" * 61),
    ],
)
def test_given_a_value_that_cannot_be_meant_then_it_is_refused_with_a_cure(
    name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=name) as raised:
        Settings.read({name: value})

    assert raised.value.code == "variable_invalid"
    assert raised.value.cure


def test_given_the_highest_port_then_metrics_need_one_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="HERKOMST_METRICS_PORT"):
        Settings.read({"HERKOMST_PORT": "65535"})

    environ = {"HERKOMST_PORT": "65535", "HERKOMST_METRICS_PORT": "65534"}
    assert Settings.read(environ).metrics_port == 65534


def test_given_port_zero_then_the_system_chooses_both() -> None:
    settings = Settings.read({"HERKOMST_PORT": "0"})

    assert (settings.port, settings.metrics_port) == (0, 0)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"HERKOMST_OIDC_ISSUER": "https://login.example"}, "HERKOMST_OIDC_AUDIENCE"),
        ({"HERKOMST_OIDC_AUDIENCE": "herkomst"}, "HERKOMST_OIDC_ISSUER"),
        ({"HERKOMST_OIDC_CLIENT_ID": "herkomst"}, "HERKOMST_OIDC_ISSUER"),
        ({"HERKOMST_OIDC_CLIENT_SECRET_FILE": "/run/s"}, "HERKOMST_OIDC_ISSUER"),
    ],
)
def test_given_half_an_identity_provider_then_the_other_half_is_named(
    given: dict[str, str], missing: str
) -> None:
    with pytest.raises(ConfigurationError, match=missing):
        Settings.read(given)


@pytest.mark.parametrize(
    ("issuer", "is_taken"),
    [
        ("https://login.example", True),
        ("http://127.0.0.1:8180/realms/x", True),
        ("http://localhost/realms/x", True),
        ("http://login.example", False),
        ("http://127.0.0.1.login.example", False),
    ],
)
def test_an_identity_provider_elsewhere_is_asked_over_tls_alone(
    issuer: str, is_taken: bool
) -> None:
    environ = {"HERKOMST_OIDC_ISSUER": issuer, "HERKOMST_OIDC_AUDIENCE": "herkomst"}

    if is_taken:
        assert Settings.read(environ).oidc_issuer == issuer
    else:
        with pytest.raises(ConfigurationError, match="without TLS"):
            Settings.read(environ)


def test_given_passwords_then_none_is_in_the_repr_or_in_an_error() -> None:
    environ = dict.fromkeys(URLS, f"postgresql://app:{SECRET}@db/herkomst")
    environ["HERKOMST_OPENSEARCH_URL"] = f"https://admin:{SECRET}@search:9200"

    assert SECRET not in repr(Settings.read(environ))
    for name in environ:
        with pytest.raises(ConfigurationError) as raised:
            Settings.read({name: f"wrong://app:{SECRET}@db"})
        assert SECRET not in str(raised.value)


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    settings = Settings.read({})

    with pytest.raises(FrozenInstanceError):
        settings.port = 1  # type: ignore[misc]
