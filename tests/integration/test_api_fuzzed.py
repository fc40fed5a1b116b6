"""Schemathesis over the OpenAPI document: whatever is sent, right or wrong, is answered as the document says.

What is sent is the same in every run. Half of what is right names things that are there. The live stream, which goes
on for ever, is tried with wrong words in `test_api_bad_input.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.asked import World
from tests.askers import Surroundings
from tests.authorisation import Asker
from tests.described import described
from tests.integration.test_authorisation import BODIES, ids_for

pytest_plugins = ("tests.fixtures_askers",)

pytestmark = [pytest.mark.slow, pytest.mark.long]

EXAMPLES = {GenerationMode.POSITIVE: 5, GenerationMode.NEGATIVE: 12}
REQUEST_SECONDS = 5.0
# Rules that no schema can tell: who must respond, that two leaders are two people, that nothing was assessed tomorrow,
# that a device is signed for, that a card is sealed to the keys of desks, what stands in signed or sealed bytes, that
# 7 is not written 7.0.
RULES_BEYOND_THE_SCHEMA = {
    "open_case", "name_leaders", "set_level", "wind_clock", "set_date", "put_absence", "claim_device", "put_card",
    "plan_operation", "plan_operation_anew", "tell_passage", "decide_operation", "name_receiver",
    "plan_safe_call", "tell_heard",
    "put_directory_entry", "put_member_entry", "put_record_entry", "give_history", "put_bundle",
    "begin_passkey_session", "add_passkey", "invite", "open_invitation", "offer_keys",
}  # fmt: skip
# What breaks a bound here may be larger than any request, which is refused before it is read.
LARGER_THAN_A_REQUEST = {
    "put_card", "begin_passkey_session", "add_passkey", "put_directory_entry", "put_member_entry", "put_record_entry",
    "give_history", "offer_keys",
}  # fmt: skip


def fuzzed(mode: GenerationMode) -> Iterator[Any]:
    """Give every operation that ends, in the order in which none takes away what the next one needs."""
    schema = schemathesis.openapi.from_dict(msgspec.json.decode(msgspec.json.encode(described())))
    found: list[Any] = list(schema.get_all_operations())
    operations = {each.ok().definition.raw["operationId"]: each.ok() for each in found}
    for name in BODIES:
        raw = operations[name].definition.raw
        asks = raw["parameters"] or "requestBody" in raw
        if "x-streha-events" not in raw and (asks or mode is GenerationMode.POSITIVE):
            yield operations[name]


@pytest.mark.parametrize("asker", [Asker.COORDINATOR, Asker.STRANGER], ids=lambda each: each.name.lower())
@pytest.mark.parametrize("mode", EXAMPLES, ids=lambda each: each.value)
async def test_every_answer_is_as_described(served: World, asker: Asker, mode: GenerationMode) -> None:
    headers = served.around.signed[asker].headers(served.api.url)
    for operation in fuzzed(mode):
        await asyncio.to_thread(fuzz, operation, mode, served.api.url, headers, served.around)
    statuses = {each.status for each in served.api.observer.exchanges}
    assert not {each for each in statuses if each >= 500}
    # Something of it was done, and something refused: the test speaks with an API that works.
    assert statuses & {200, 201, 204} if mode is GenerationMode.POSITIVE else 400 in statuses


def fuzz(operation: Any, mode: GenerationMode, url: str, headers: dict[str, str], around: Surroundings) -> None:
    name = operation.definition.raw["operationId"]

    excluded: list[Any] = [positive_data_acceptance] if name in RULES_BEYOND_THE_SCHEMA else []
    excluded += [negative_data_rejection] if name in LARGER_THAN_A_REQUEST else []

    @settings(
        max_examples=EXAMPLES[mode], derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), there=st.booleans())
    def run(case: Case[Any], there: bool) -> None:  # noqa: FBT001 (Hypothesis gives it)
        if there and mode is GenerationMode.POSITIVE:
            _name_what_is_there(case, ids_for(name, around))
        case.call_and_validate(base_url=url, headers=headers, excluded_checks=excluded, timeout=REQUEST_SECONDS)

    run()


def _name_what_is_there(case: Case[Any], ids: dict[str, UUID]) -> None:
    for holder in (case.path_parameters, case.body):
        if isinstance(holder, dict):
            holder.update({key: str(ids[key]) for key in holder if key in ids})
