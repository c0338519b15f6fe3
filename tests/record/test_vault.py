import os
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from herkomst.record.archive import Archive
from herkomst.record.keyring import Keyring
from herkomst.record.vault import DataKey, SealBroken, Vault, destroy

ONE, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(Keyring.create(tmp_path_factory.mktemp("keys") / "kek.json"))


@given(plain=st.binary(max_size=200))
def test_what_is_sealed_opens_again_and_only_with_its_key(vault: Vault, plain: bytes) -> None:
    key, row = vault.new_key(ONE)
    sealed = key.seal(plain)

    assert vault.unwrap(row).open(sealed) == plain
    with pytest.raises(SealBroken):
        vault.new_key(ONE)[0].open(sealed)


def test_the_very_same_key_does_not_open_what_was_sealed_for_another_record() -> None:
    secret = os.urandom(64)
    sealed = DataKey(ONE, secret).seal(b"plain")

    assert DataKey(ONE, secret).open(sealed) == b"plain"
    with pytest.raises(SealBroken, match=str(OTHER)):
        DataKey(OTHER, secret).open(sealed)


def test_a_wrapped_key_of_another_record_does_not_unwrap(vault: Vault) -> None:
    _, row = vault.new_key(ONE)

    for wrong in (
        row._replace(key_id=OTHER),
        row._replace(wrapped=row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])),
        row._replace(wrapped=b""),
        row._replace(kek=7),
    ):
        with pytest.raises(SealBroken, match=f"{wrong.key_id} does not open"):
            vault.unwrap(wrong)


def test_given_a_new_wrapping_key_when_it_is_added_then_old_data_keys_still_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kek.json"
    old = Vault(Keyring.create(path))
    key, row = old.new_key(ONE)
    content = msgspec.json.decode(path.read_bytes())
    content["wrapping"]["2"] = msgspec.to_builtins(os.urandom(32))
    path.write_bytes(msgspec.json.encode(content))

    rotated = Vault(Keyring.open(path))

    assert rotated.unwrap(row).open(key.seal(b"said before")) == b"said before"
    assert rotated.new_key(ONE)[1].kek == 2


def test_fingerprints_tell_a_repeat_under_one_key_and_nothing_under_two(vault: Vault) -> None:
    key, _ = vault.new_key(ONE)
    other, _ = vault.new_key(ONE)

    assert key.fingerprint(b"content") == key.fingerprint(b"content")
    assert key.fingerprint(b"content") != key.fingerprint(b"contend")
    assert key.fingerprint(b"content") != other.fingerprint(b"content")
    assert len(key.fingerprint(b"")) == 16


def test_no_two_seals_share_a_nonce(vault: Vault) -> None:
    key, _ = vault.new_key(ONE)

    assert len({key.seal(b"same")[:12] for _ in range(100)}) == 100


def test_given_a_destroyed_key_when_it_is_looked_for_then_it_is_not_there(
    archive: Archive,
) -> None:
    vault = archive.register.vault
    rows = [vault.new_key(key_id)[1] for key_id in (ONE, OTHER)]
    with archive.database.transaction() as cursor:
        for row in rows:
            cursor.execute("INSERT INTO vault.keys VALUES (%s, %s, %s)", row)

    with archive.database.transaction() as cursor:
        assert destroy(cursor, [ONE]) == 1
        assert destroy(cursor, [ONE]) == 0
        assert set(vault.keys(cursor.connection, [ONE, OTHER])) == {OTHER}
