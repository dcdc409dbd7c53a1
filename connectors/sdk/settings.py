"""What a source is told when it is set up, and what to change where that is not what is needed."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.sdk.connector import SettingsError

M = TypeVar("M", bound=BaseModel)


def configured(model: type[M], document: Mapping[str, Any]) -> M:
    """The document as the settings of a connector.

    Raises:
        SettingsError: with a sentence for each setting that is missing, unknown or not right.

    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise SettingsError("; ".join(_sentences(error, model))) from error


def _sentences(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    for found in error.errors():
        where = ".".join(map(str, found["loc"]))
        match found["type"]:
            case "missing":
                yield f"{where}: missing; give --option {where}=…"
            case "extra_forbidden":
                known = ", ".join(model.model_fields)
                yield f"{where}: there is no such setting; there are {known}"
            case _:
                yield f"{where}: {found['msg'].removeprefix('Value error, ')}"
