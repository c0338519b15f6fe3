"""A real Keycloak, started for a run and stopped with it, with a realm of made-up persons.

`tests/keycloak/get.sh` fetches it. Its secrets and passwords are drawn anew for each run.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from socket import create_server
from types import TracebackType
from typing import Any, Self

import httpx

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".tools" / "keycloak-26.4.0"
HOW = "Run tests/keycloak/get.sh, which needs mvn and unzip, and have a JDK of 17 or newer."
PATIENCE = 300
"""Seconds within which it is ready on a slow machine."""
REALM = json.loads((Path(__file__).parent / "realm.json").read_text("utf-8"))
CLIENT, MACHINE, ELSEWHERE, DESK = "herkomst", "kassa", "elsewhere", "desk"


class Keycloak:
    """One server, on a free port of this machine."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "keycloak"
        self.secret = secrets.token_urlsafe(24)
        """Of each client that has one, of each user, and of the administrator."""
        self._log = directory / "keycloak.log"
        with create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.issuer = f"{self.url}/realms/herkomst"
        self.http = httpx.Client(timeout=30)

    def __enter__(self) -> Self:
        self._lay_out()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    self.home / "bin" / "kc.sh",
                    "start",
                    "--optimized",
                    "--cache=local",
                    "--http-enabled=true",
                    "--hostname-strict=false",
                    "--http-host=127.0.0.1",
                    f"--http-port={self.port}",
                    "--import-realm",
                ],
                env=os.environ
                | {
                    "KC_BOOTSTRAP_ADMIN_USERNAME": "beheer",
                    "KC_BOOTSTRAP_ADMIN_PASSWORD": self.secret,
                    "JAVA_OPTS_KC_HEAP": "-Xms256m -Xmx512m",
                    "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.http.close()
        self._stop()
        shutil.rmtree(self.home)

    def _lay_out(self) -> None:
        """A home of its own, which shares the libraries with those of other runs."""
        shutil.copytree(HOME, self.home, ignore=shutil.ignore_patterns("lib", "data"))
        (self.home / "lib").symlink_to(HOME / "lib")
        offered = self.home / "data" / "import"
        offered.mkdir(parents=True)
        (offered / "herkomst-realm.json").write_text(json.dumps(self._realm()), "utf-8")

    def _realm(self) -> dict[str, Any]:
        realm: dict[str, Any] = json.loads(json.dumps(REALM))
        for client in realm["clients"]:
            if not client["publicClient"]:
                client["secret"] = self.secret
        for user in realm["users"]:
            user["credentials"] = [{"type": "password", "value": self.secret}]
        return realm

    def _wait(self) -> None:
        ends = time.monotonic() + PATIENCE
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"Keycloak did not start: {self._log.read_text()[-3000:]}")
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        try:
            return self.http.get(f"{self.issuer}/.well-known/openid-configuration").is_success
        except httpx.TransportError:
            return False

    def _stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(20)

    # As a client

    def person_token(self, user: str) -> str:
        """A bearer token of a person, as a program of his would get it."""
        return self._token(DESK, {"grant_type": "password", "scope": "openid"} | self._login(user))

    def machine_token(self, client: str = MACHINE) -> str:
        form = {"grant_type": "client_credentials", "client_secret": self.secret}
        return self._token(client, form)

    def _login(self, user: str) -> dict[str, str]:
        return {"username": user, "password": self.secret}

    def _token(self, client: str, form: dict[str, str], realm: str = "herkomst") -> str:
        url = f"{self.url}/realms/{realm}/protocol/openid-connect/token"
        answer = self.http.post(url, data=form | {"client_id": client})
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])

    # As its administrator

    def admin(self, method: str, path: str, body: object = None) -> httpx.Response:
        form = {"grant_type": "password"} | self._login("beheer")
        token = self._token("admin-cli", form, "master")
        answer = self.http.request(
            method,
            f"{self.url}/admin/realms/herkomst/{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.is_success, answer.text
        return answer

    def subject(self, user: str) -> str:
        """The `sub` of a user."""
        (found,) = self.admin("GET", f"users?exact=true&username={user}").json()
        return str(found["id"])

    def switch(self, user: str, *, enabled: bool) -> None:
        self.admin("PUT", f"users/{self.subject(user)}", {"enabled": enabled})

    def log_out(self, user: str) -> None:
        self.admin("POST", f"users/{self.subject(user)}/logout")

    def set_client(self, client: str, **attributes: str) -> None:
        """Set attributes of a client, such as where it is told of a log-out."""
        (found,) = self.admin("GET", f"clients?clientId={client}").json()
        found["attributes"] |= {k.replace("_", "."): v for k, v in attributes.items()}
        self.admin("PUT", f"clients/{found['id']}", found)

    def switch_client(self, client: str, *, enabled: bool) -> None:
        (found,) = self.admin("GET", f"clients?clientId={client}").json()
        self.admin("PUT", f"clients/{found['id']}", found | {"enabled": enabled})

    def rotate(self) -> None:
        """Sign with a new key from now on."""
        realm = self.admin("GET", "").json()["id"]
        self.admin(
            "POST",
            "components",
            {
                "name": f"rsa-{secrets.token_hex(4)}",
                "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider",
                "parentId": realm,
                "config": {
                    "priority": [str(int(time.time()))],
                    "algorithm": ["RS256"],
                },
            },
        )
