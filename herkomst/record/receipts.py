"""Receipts: the answer to each record that was sent."""

from typing import Literal

import msgspec

from herkomst.domain.problems import Mark, Problem

Status = Literal["accepted", "duplicate", "amended", "conflict", "rejected"]


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """The answer to one record. It never says anything about a hit: a till learns nothing."""

    line: int
    status: Status
    key: str | None = None
    id: str | None = None
    register_number: int | None = None
    position: int | None = None
    marks: tuple[Mark, ...] = ()
    errors: tuple[Problem, ...] = ()
