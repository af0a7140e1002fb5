"""What all shapes share: nothing unnamed, and the quantities of the house."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

TimeMs = Annotated[int, Field(description="UTC milliseconds.")]
DeviceMs = Annotated[int, Field(ge=0, description="Devices times milliseconds.")]
Micro = Annotated[int, Field(description="Micro-credits.")]
Count = Annotated[int, Field(ge=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A day of the zone.")]


class Shape(BaseModel):
    """Base of all shapes: every key is named, and none is missing."""

    model_config = ConfigDict(extra="forbid")


class Inside(Shape):
    """The environment that work executes with; revision 0 while it has none yet."""

    id: str
    name: str
    revision: Count


class Problem(Shape):
    """The one shape of an error."""

    code: str
    message: str
    hint: str
    details: dict[str, Any]
    status: int
