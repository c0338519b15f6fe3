"""The commands as an operator and a script meet them."""

import json
import signal
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psycopg
import pytest

from herkomst import __version__
from tests.archives import TILL, a_dealer, a_moment, a_purchase, a_stolen_item
from tests.commands import Herkomst


def ndjson(path: Path, records: Sequence[object]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(r) + b"\n" for r in records))
    return path


class TestUsage:
    def test_version(self, herkomst: Herkomst) -> None:
        assert herkomst("--version").out.strip() == __version__

    def test_an_unknown_command_is_a_usage_error(self, herkomst: Herkomst) -> None:
        ended = herkomst("imprt")

        assert ended.code == 2
        assert "Did you mean 'import'?" in ended.err

    def test_an_unknown_variable_is_named(self, herkomst: Herkomst) -> None:
        ended = herkomst("status", HERKOMST_DATABSE_URL="x")

        assert ended.code == 78
        assert "HERKOMST_DATABASE_URL" in ended.err

    def test_a_database_that_is_down_is_named(self, herkomst: Herkomst) -> None:
        ended = herkomst("status", HERKOMST_DATABASE_URL="postgresql://a:b@127.0.0.1:9/none")

        assert ended.code == 69

    def test_a_missing_file_is_a_usage_error(self, herkomst: Herkomst) -> None:
        assert herkomst("import", "/none.ndjson", "--as", "dealers", "--source", "dol").code == 2

    def test_an_unknown_format_names_those_there_are(
        self, herkomst: Herkomst, tmp_path: Path
    ) -> None:
        file = ndjson(tmp_path / "a.ndjson", [])

        ended = herkomst("import", str(file), "--as", "deelers", "--source", "dol")

        assert ended.code == 2
        assert "toronto-bicycles" in ended.err


class TestTheFirstJob:
    """A home with nothing in it: each command starts the database, and stops it."""

    def test_dealers_purchases_and_stolen_goods_become_a_hit(
        self, herkomst: Herkomst, tmp_path: Path
    ) -> None:
        # Given a dealer, a purchase and the report of the same good
        dealers = ndjson(tmp_path / "d.ndjson", [a_dealer()])
        purchases = ndjson(tmp_path / "p.ndjson", [a_purchase()])
        stolen = ndjson(tmp_path / "s.ndjson", [a_stolen_item()])

        # When they are imported and followed
        for file, kind, record in (
            (dealers, "dealers", a_dealer()),
            (purchases, "purchases", a_purchase()),
            (stolen, "stolen", a_stolen_item()),
        ):
            ended = herkomst("import", str(file), "--as", kind, "--source", record.source, "--json")
            assert ended.code == 0, ended.err
            assert ended.document["accepted"] == 1
        assert herkomst("work", "--once").code == 0

        # Then status says that nothing is behind
        status = herkomst("status", "--json").document
        assert {f["lag_events"] for f in status["followers"]} == {0}
        head = status["sequences"]["register"]["head"]
        assert herkomst("wait", "--register", str(head), "--timeout", "5").code == 0
        # and the hit leaves only with a purpose and a ground, journaled
        journal = status["sequences"]["journal"]["head"]
        ended = herkomst("export", "hits", "--purpose", "duty:front_desk", "--ground", "wpg:8")
        assert ended.code == 0, ended.err
        (hit,) = ended.lines
        assert hit["purchase"]["key"] == a_purchase().key
        assert hit["stolen"]["key"] == a_stolen_item().key
        after = herkomst("status", "--json").document["sequences"]["journal"]["head"]
        assert after > journal


@pytest.mark.usefixtures("awake")
class TestTheMainJob:
    """The same home, from the first hit to the erasure, in order."""

    def test_the_trail_of_a_hit_leaves_as_lines_and_on_paper(
        self, herkomst: Herkomst, tmp_path: Path
    ) -> None:
        under = ("--purpose", "duty:front_desk", "--ground", "wpg:8")
        hit = herkomst("export", "hits", *under).lines[0]["hit"]
        assert herkomst("work", "--once").code == 0

        ended = herkomst("export", "trail", hit, *under)
        file = tmp_path / "trail.pdf"
        paper = herkomst("export", "trail", hit, "--as", "pdf", "--out", str(file), *under)

        assert ended.code == 0, ended.err
        topics = [line["topic"] for line in ended.lines]
        assert {"dor.purchase.registered", "heling.item.reported"} <= set(topics)
        assert topics[-1] == "journal.read", "the export above is a read of it"
        assert all(len(line["leaf"]) == 64 for line in ended.lines)
        assert paper.code == 0, paper.err
        assert file.read_bytes().startswith(b"%PDF-")

    def test_a_trail_is_of_one_record(self, herkomst: Herkomst) -> None:
        under = ("--purpose", "duty:front_desk", "--ground", "wpg:8")

        assert herkomst("export", "trail", *under).code == 2
        assert herkomst("export", "hits", "x", *under).code == 2
        assert herkomst("export", "hits", "--as", "pdf", *under).code == 2
        assert herkomst("export", "trail", "x", "--as", "csv", *under).code == 2
        unknown = herkomst("export", "trail", "x", *under)
        assert (unknown.code, "There is no record 'x'" in unknown.err) == (1, True)

    @pytest.mark.parametrize("kind", ["ndjson", "pdf"])
    def test_an_export_that_is_refused_leaves_the_file_that_is_there(
        self, herkomst: Herkomst, tmp_path: Path, kind: str
    ) -> None:
        file = tmp_path / "trail"
        file.write_bytes(b"of before")
        under = ("--purpose", "duty:front_desk", "--ground", "wpg:8")

        refused = herkomst("export", "trail", "x", "--as", kind, "--out", str(file), *under)

        assert (refused.code, file.read_bytes()) == (1, b"of before")

    def test_importing_again_changes_nothing(self, herkomst: Herkomst, tmp_path: Path) -> None:
        file = ndjson(tmp_path / "p.ndjson", [a_purchase()])
        before = herkomst("digest", "--json").document

        ended = herkomst(
            "import", str(file), "--as", "purchases", "--source", a_purchase().source, "--json"
        )

        assert ended.code == 0
        assert ended.document["duplicate"] == 1
        assert herkomst("digest", "--json").document == before

    def test_what_is_refused_is_told_with_its_place_and_cure(
        self, herkomst: Herkomst, tmp_path: Path
    ) -> None:
        # Given a good line between bad ones
        good = msgspec.to_builtins(a_purchase())
        wrong_kind = {**good, "key": "w1", "items": [{"line": 1, "kind": "bicicle"}]}
        unknown_field = {**good, "key": "w2", "colour": "red"}
        other_source = {**good, "key": "w3", "source": "elsewhere"}
        file = tmp_path / "mixed.ndjson"
        lines = [wrong_kind, unknown_field, other_source, good]
        file.write_text("\n".join([*map(json.dumps, lines), "{not json", ""]))
        rejects = tmp_path / "rejects.ndjson"

        # When it is imported
        ended = herkomst(
            "import", str(file), "--as", "purchases", "--source", good["source"],
            "--rejects", str(rejects), "--json",
        )  # fmt: skip

        # Then the counts add up and every refusal says where and how to mend it
        assert ended.code == 3
        told = ended.document
        assert told["read"] == 5
        assert (told["rejected"], told["duplicate"]) == (4, 1)
        refused = [json.loads(line) for line in rejects.read_text().splitlines()]
        assert [r["line"] for r in refused] == [1, 2, 3, 5]
        assert [r["errors"][0]["field"] for r in refused] == [
            "/items/0/kind", "/colour", "/source", "",
        ]  # fmt: skip
        assert "'bicycle'" in refused[0]["errors"][0]["cure"]

    def test_a_dry_run_changes_nothing(self, herkomst: Herkomst, tmp_path: Path) -> None:
        file = ndjson(tmp_path / "new.ndjson", [a_purchase(key="dry")])
        before = herkomst("status", "--json").document["sequences"]

        ended = herkomst(
            "import", str(file), "--as", "purchases", "--source", a_purchase().source,
            "--dry-run", "--json",
        )  # fmt: skip

        assert ended.document["accepted"] == 1
        assert herkomst("status", "--json").document["sequences"] == before

    def test_standard_input_is_a_file_too(self, herkomst: Herkomst) -> None:
        line = msgspec.json.encode(a_purchase()).decode() + "\n"

        ended = herkomst(
            "import", "-", "--as", "purchases", "--source", a_purchase().source, "--json",
            stdin=line,
        )  # fmt: skip

        assert ended.document["duplicate"] == 1

    def test_a_rebuild_ends_with_the_same_digests(self, herkomst: Herkomst) -> None:
        before = {d["name"]: d for d in herkomst("digest", "--json").document}

        assert herkomst("rebuild", "--all").code == 0

        after = {d["name"]: d for d in herkomst("digest", "--json").document}
        assert {n: d["sha256"] for n, d in after.items()} == {
            n: d["sha256"] for n, d in before.items()
        }

    def test_a_rematch_by_the_same_rules_changes_nothing(self, herkomst: Herkomst) -> None:
        assert herkomst("rematch", "--dry-run", "--json").document["events"] == {}

    def test_the_record_is_intact(self, herkomst: Herkomst) -> None:
        ended = herkomst("verify", "--json")

        assert ended.code == 0
        assert ended.document["intact"] is True

    def test_doctor_says_what_is_reachable(self, herkomst: Herkomst) -> None:
        ended = herkomst("doctor", "--json")

        assert ended.code == 0
        report = ended.document
        assert report["database"]["embedded"] is True
        assert all(check["ok"] for check in report["checks"])

    def test_doctor_names_a_follower_that_an_event_stopped_and_what_to_do(
        self, herkomst: Herkomst
    ) -> None:
        owner = herkomst("doctor", "--json").document["database"]["owner_url"]
        stopped = "UPDATE follow.followers SET state = %s, error = %s WHERE name = 'links'"
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute(stopped, ("failed", "register=7: ValidationError"))
            ended = herkomst("doctor", "--json")
            connection.execute(stopped, ("live", None))

        assert ended.code == 1
        (check,) = (check for check in ended.document["checks"] if not check["ok"])
        assert check["name"] == "followers"
        assert check["message"] == "links stopped at register=7: ValidationError"
        assert "herkomst verify" in check["cure"]

    def test_doctor_says_that_the_clock_is_behind_the_record(self, herkomst: Herkomst) -> None:
        owner = herkomst("doctor", "--json").document["database"]["owner_url"]
        with psycopg.connect(owner) as connection:
            connection.execute("ALTER TABLE record.journal_events DISABLE TRIGGER immutable")
            connection.execute(
                "INSERT INTO record.journal_events VALUES (gen_random_uuid(), 1, 'testa', '', "
                "(SELECT coalesce(max(notification_id), 0) + 1 FROM record.journal_events), "
                "now() + interval '2 days')"
            )
            connection.commit()
            ended = herkomst("doctor", "--json")
            connection.execute("DELETE FROM record.journal_events WHERE topic = 'testa'")
            connection.execute("ALTER TABLE record.journal_events ENABLE TRIGGER immutable")

        assert ended.code == 1
        (check,) = (check for check in ended.document["checks"] if not check["ok"])
        assert check["name"] == "clock"
        assert "1 day, 23:" in check["message"]

    def test_an_unknown_subject_cannot_be_erased(self, herkomst: Herkomst) -> None:
        assert herkomst("erase", "seller:dor:nobody", "--ground", "avg:17").code == 1

    def test_every_store_acknowledges_an_erasure(self, herkomst: Herkomst) -> None:
        record = a_purchase()
        subject = f"seller:{record.source}:{record.key}"

        ended = herkomst("erase", subject, "--ground", "avg:17", "--json")

        assert ended.code == 0, ended.err
        stores = {store["name"] for store in ended.document["stores"]}
        assert stores >= {"vault", "presentations", "links", "match_keys"}

    def test_nothing_is_destroyed_by_the_clocks_of_another_day(self, herkomst: Herkomst) -> None:
        refused = herkomst("retention", "--on", "2040-01-01")

        assert (refused.code, "--dry-run" in refused.err) == (2, True)
        assert herkomst("retention", "--on", "gisteren", "--dry-run").code == 2

    def test_a_dry_run_tells_what_would_be_destroyed_and_destroys_nothing(
        self, herkomst: Herkomst
    ) -> None:
        old = a_purchase(key="over", acquired=a_moment("2022-01-10T12:00:00+01:00"))
        line = msgspec.json.encode(old).decode()
        taken = herkomst("import", "-", "--as", "purchases", "--source", TILL, stdin=line)
        assert taken.code == 0, taken.err

        for _ in range(2):
            told = herkomst("retention", "--dry-run", "--json")
            assert told.code == 0, told.err
            assert told.document["dry_run"] is True
            assert told.document["changes"] == [
                {"record": "identity", "from": "active", "to": "destroyed", "count": 1}
            ]
            assert told.document["stores"] == []
        said = herkomst("retention", "--dry-run").out
        assert "1 identity would go from active to destroyed" in said

    def test_what_is_over_its_term_is_destroyed_and_each_store_acknowledges(
        self, herkomst: Herkomst
    ) -> None:
        ended = herkomst("retention", "--json")

        assert ended.code == 0, ended.err
        stores = {store["name"] for store in ended.document["stores"]}
        assert stores >= {"vault", "presentations", "links", "match_keys", "register", "purchases"}
        assert ended.document["changes"][0]["count"] == 1
        again = herkomst("retention")
        assert (again.code, again.out) == (0, "Nothing is due.\n")
        assert herkomst("verify").code == 0

    def test_no_token_without_development_login(self, herkomst: Herkomst) -> None:
        refused = herkomst("token", "--role", "district_detective", "--unit", "amsterdam")
        given = herkomst(
            "token", "--role", "district_detective", "--unit", "amsterdam", "--json",
            HERKOMST_DEV_LOGIN="1",
        )  # fmt: skip

        assert refused.code == 78
        assert set(given.document) == {"token", "expires_at"}


class TestEnding:
    def test_sigterm_drains(self, herkomst: Herkomst) -> None:
        # Given followers at work
        process = herkomst.start("work")
        assert herkomst("wait", "--register", "0").code == 0

        # When they are told to end
        process.send_signal(signal.SIGTERM)

        # Then they do, and the code says by what
        process.communicate(timeout=120)
        assert process.returncode == 143
