"""Options that several verbs of `metaprobe features` take."""

from typing import Annotated

import typer

Layer = Annotated[
    int | None, typer.Option(min=1, help="Layer whose output is read; the middle by default.")
]
BenchmarkName = Annotated[
    str, typer.Option(help="A released benchmark by name, or a frozen folder.")
]
Items = Annotated[int, typer.Option(min=2, help="Items in each cell.")]
MaxNewTokens = Annotated[int, typer.Option(min=1, help="Token limit of a response.")]
LimitMb = Annotated[int, typer.Option(min=1, help="The most activations may take.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting of the training, such as k=16; repeatable."),
]
