"""The API's description: complete, true, and its examples are posted as they stand."""

import json
import re
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from hub.access.permissions import Permission
from hub.api.app import build
from hub.api.auth import Allowed, AllowedBasic, AllowedUpload
from hub.api.bodies import examples
from hub.api.describing import MODELS, STRUCTS
from tests.api.bodies import a_sale
from tests.api.conftest import TENANT, Api

OPERATIONS = {
    *("attachSerial", "transferOwnership", "readCoverage"),
    *("activate", "readRequest", "listWarranties", "readWarranty", "trace", "audit"),
    *("verifyAudit", "listSamples", "drawSample", "readSample", "reviewRecord"),
    *("listItems", "groupItems", "countItems", "listDependencies", "readItem", "rehearseItem"),
    *("redriveItem", "holdItem", "releaseItem", "giveUpItem", "listNotes", "writeNote"),
    *("openPayload", "editPayload", "undoEdit", "listRedrives", "beginRedrive", "rehearseRedrive"),
    *("readRedrive", "stopRedrive", "continueRedrive"),
    *("login", "refresh", "logout", "forgot", "reset", "me"),
    *("listPeople", "invitePerson", "changeRole", "deactivatePerson"),
    *("listKeys", "issueKey", "revokeKey"),
    *("erasePerson", "readErasure", "exportPerson"),
    *("listPolicies", "readPolicy", "readPolicyVersion", "comparePolicy", "explainPolicy"),
    *("sendMedia", "readMedia", "giveUploadToken"),
    *("offerProof", "listProofs", "acceptProof", "refuseProof"),
    *("publishPolicy", "readSetup", "changeSetup", "goLive"),
    *("listProducts", "readProduct", "describeProduct", "readStock"),
    *("listCategories", "readCategory", "describeCategory"),
    *("changeStatus", "overrideRule", "listProposals", "readProposal"),
    *("approveProposal", "declineProposal"),
    *("readCustomer", "readCustomerHistory", "mergeCustomer", "unmergeCustomer"),
    *("listReplays", "askReplay", "readReplay", "stopReplay"),
    *("listEndpoints", "addEndpoint", "readEndpoint", "changeEndpoint", "deleteEndpoint"),
    *("testEndpoint", "listSecrets", "rotateSecret", "listDeliveries", "readDelivery"),
    *("fileClaim", "tellClaim", "listClaims", "readClaim", "addEvidence", "answerClaim"),
    *("withdrawClaim", "reviewClaim", "askCustomer", "noteClaim", "approveClaim", "denyClaim"),
    *("withdrawEvidence", "reinstateEvidence", "closeClaim", "overrideClaim", "explainClaim"),
    *("listCosts", "postCost", "verifyCost", "listEffects", "readEffect", "reportEffect"),
    *("listDeliveryReplays", "rehearseDeliveryReplay", "beginDeliveryReplay"),
    *("readDeliveryReplay", "stopDeliveryReplay"),
}
PUBLIC = {
    "/openapi.json",
    "/individual-customers/warranty/invoice/openapi.json",
    *(f"/v1/auth/{name}" for name in ("login", "refresh", "forgot", "reset")),
}
"""What is answered without asking who calls."""
NO_PARTS: Any = None


def routes() -> list[BaseRoute]:
    return build(NO_PARTS).routes


def document() -> dict[str, Any]:
    return build(NO_PARTS).openapi()


def test_no_two_things_have_one_name() -> None:
    _, ours = models_json_schema([(one, "validation") for one in MODELS])
    _, structs = msgspec.json.schema_components(STRUCTS)

    assert set(ours["$defs"]) & set(structs) == set()


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def permissions_of(route: BaseRoute) -> list[Permission]:
    if not isinstance(route, APIRoute):
        return []
    needed = [one.call for one in route.dependant.dependencies]
    return [
        one.permission for one in needed if isinstance(one, (Allowed, AllowedBasic, AllowedUpload))
    ]


def test_every_route_but_the_public_ones_needs_one_permission() -> None:
    needs = {getattr(route, "path", str(route)): permissions_of(route) for route in routes()}

    assert {path for path, permissions in needs.items() if not permissions} == PUBLIC
    assert all(len(permissions) == 1 for path, permissions in needs.items() if path not in PUBLIC)


def test_what_an_operation_needs_stands_in_the_description() -> None:
    shown = {name: one.get("x-permission") for name, one in operations()}
    needs = {
        f"{method} {getattr(route, 'path_format', '')}": permission
        for route in routes()
        for permission in permissions_of(route)
        for method in getattr(route, "methods", ())
        if getattr(route, "include_in_schema", False)
    }

    assert {name: one for name, one in shown.items() if one} == needs
    public = {name.partition(" ")[2] for name, one in operations() if one.get("security") == []}
    assert public | {path for path in PUBLIC if path.endswith("/openapi.json")} == PUBLIC


def test_every_permission_is_asked_for_somewhere() -> None:
    asked = {permission for route in routes() for permission in permissions_of(route)}

    assert asked == set(Permission)


def test_is_openapi_3_1_with_a_name_for_each_operation() -> None:
    assert document()["openapi"].startswith("3.1.")
    assert document()["servers"][0]["url"] == "/"
    assert {operation["operationId"] for _, operation in operations()} == OPERATIONS


def test_every_reference_leads_to_something() -> None:
    said = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document())))

    assert said - set(document()["components"]["schemas"]) == set()


def test_every_operation_names_its_key_and_its_problems() -> None:
    assert document()["security"] == [{"key": []}]
    assert document()["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for name, operation in operations():
        answers = operation["responses"]
        asked = set() if operation.get("security") == [] else {"401", "403"}
        assert {*asked, "429", "503"} <= set(answers), name
        for status, answer in answers.items():
            if int(status) >= 400:
                (kind,) = answer["content"]
                assert kind == "application/problem+json", f"{name} {status}"
                assert answer["content"][kind]["examples"], f"{name} {status}"


def test_every_example_of_a_problem_is_one() -> None:
    whole = document()
    valid = Draft202012Validator({"$ref": "#/components/schemas/Problem", **whole})
    for _, operation in operations():
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                for name, example in content.get("examples", {}).items():
                    valid.validate(example["value"])
                    assert example["value"]["code"] == name
                    assert example["value"]["status"] == int(status)


def test_every_example_of_a_request_fits_its_schema() -> None:
    whole = document()
    body = whole["paths"]["/v1/activations"]["post"]["requestBody"]["content"]["application/json"]
    valid = Draft202012Validator({**body["schema"], **whole})

    assert set(body["examples"]) == {name for name, _, _ in examples()}
    for example in body["examples"].values():
        valid.validate(example["value"])


@pytest.mark.servers
@pytest.mark.parametrize("example", list(examples()), ids=lambda example: str(example[0]))
async def test_every_example_of_a_request_gives_its_documented_answer(
    api: Api, example: tuple[str, str, dict[str, Any]]
) -> None:
    name, _, body = example

    told = await api.post(body, key=f"example {name}")
    again = await api.post(body)

    assert (told.status_code, again.status_code) == (201, 200)
    fits("RequestState", told.json())
    fits("RequestState", again.json())
    assert again.json()["warranties"] == told.json()["warranties"]


@pytest.mark.servers
async def test_what_is_read_fits_its_description(api: Api) -> None:
    told = await api.post(a_sale("O-1", "O-1"))
    fits("WarrantyWithHistory", (await api.get(told.headers["location"])).json())
    fits("WarrantyPage", (await api.get("/v1/warranties")).json())
    fits("RequestState", (await api.get(f"/v1/requests/{told.json()['id']}")).json())
    fits("Page", (await api.get("/v1/audit", f"{TENANT}/admin")).json())
    fits("Problem", (await api.get("/v1/warranties/wty_aaaaaaaaaaaaaaaa_1")).json())
    fits("Problem", (await api.post({})).json())


@pytest.mark.servers
async def test_the_description_is_read_without_a_key(api: Api) -> None:
    answer = await api.get("/openapi.json", Authorization="")

    assert answer.json() == json.loads(json.dumps(document()))


def fits(model: str, value: object) -> None:
    Draft202012Validator({"$ref": f"#/components/schemas/{model}", **document()}).validate(value)
