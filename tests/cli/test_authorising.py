"""Who runs the server makes the first administrator, and leaves a trace of it."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.commands import Ended, Herkomst

pytestmark = pytest.mark.usefixtures("awake")
SUBJECT = "c0ffee00-0000-4000-8000-000000000001"
UNTIL = (datetime.now(UTC) + timedelta(days=90)).date().isoformat()


def authorise(
    herkomst: Herkomst, *more: str, until: str = UNTIL, role: str = "administrator"
) -> Ended:
    named = ("--role", role, "--unit", "landelijk", "--until", until)
    return herkomst("authorise", SUBJECT, *named, "--json", *more)


@pytest.mark.parametrize(
    ("until", "role", "code", "told"),
    [
        ("morgen", "administrator", 2, "morgen"),
        ("9999-12-31", "administrator", 1, "longer than"),
        (UNTIL, "admin", 2, "Did you mean 'administrator'?"),
        ("2020-01-01", "administrator", 1, "ends before it begins"),
        ("2090-01-01", "administrator", 1, "longer than"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    herkomst: Herkomst, until: str, role: str, code: int, told: str
) -> None:
    ended = authorise(herkomst, until=until, role=role)

    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err


def test_the_first_administrator_is_made_and_ended(herkomst: Herkomst) -> None:
    before = herkomst("status", "--json").document["sequences"]["journal"]["head"]

    granted = authorise(herkomst, "--why", "eerste inrichting")
    assert granted.code == 0, granted.err
    (one,) = granted.document["authorisations"]
    assert authorise(herkomst).code == 1

    ended = herkomst("deauthorise", SUBJECT, "--json")
    assert ended.document["authorisations"][0]["authorisation"] == one["authorisation"]
    assert herkomst("deauthorise", SUBJECT).code == 1

    after = herkomst("status", "--json").document["sequences"]["journal"]["head"]
    assert after - before >= 6, "each attempt and what became of it"
    assert herkomst("verify").code == 0


def test_a_provider_that_is_down_is_named_by_the_doctor(herkomst: Herkomst) -> None:
    environ = {"HERKOMST_OIDC_ISSUER": "http://127.0.0.1:9", "HERKOMST_OIDC_AUDIENCE": "herkomst"}

    ended = herkomst("doctor", "--json", **environ)

    (check,) = [c for c in ended.document["checks"] if c["name"] == "identity provider"]
    assert (ended.code, check["ok"]) == (1, False)
    assert "cannot be reached" in check["message"]
