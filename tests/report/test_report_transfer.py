"""The section on transfer says what is defined, and why the rest is not."""

from example import HOSTILE, example_summary

from metaprobe.core.results import (
    ArmTransfer,
    CellTransfer,
    Change,
    GroupTransfer,
    Transfer,
    TransferIndex,
)
from metaprobe.core.vocabulary import Domain, Skill
from metaprobe.report.markup import text
from metaprobe.report.sections.transfer import transfer
from metaprobe.report.view import build_view


def change(value):
    return Change(value=value, low=value - 0.05, high=value + 0.05)


def made(reason):
    group = GroupTransfer(
        group="non",
        domains=[Domain.GENERAL],
        change=change(-0.12),
        relative=TransferIndex(value=-41.25, low=-77.0, high=-8.0),
        difficulty_weighted=TransferIndex(value=None, low=None, high=None, reason=reason),
    )
    cell = CellTransfer(
        domain=Domain.MATHEMATICS,
        skill=Skill.CALCULATION,
        trained=True,
        change=change(0.31),
        n_items=25,
    )
    arm = ArmTransfer(
        arm="grpo", n_seeds=1, trained=change(0.31), backward=None, groups=[group], cells=[cell]
    )
    return Transfer(trained_domains=[Domain.MATHEMATICS], arms=[arm])


def test_values_reasons_and_gaps_stand_in_the_section():
    summary = example_summary().model_copy(update={"transfer": made(HOSTILE)})
    section = transfer(build_view(summary))
    for words in ("+31", "not measured", "−41.2", "−77 to −8", "not defined", text(HOSTILE)):
        assert words in section
    assert HOSTILE not in section
    assert section.count('<th scope="row">') == 1 + 20


def test_without_transfer_there_is_no_section():
    assert transfer(build_view(example_summary())) == ""
