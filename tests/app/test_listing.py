"""Everything that YAML can name is listed, with settings and a sentence."""

from io import StringIO

import pytest
from rich.console import Console

from torso.app.listing import rooms, sheets
from torso.app.terminal import parts_tables, settings_sheet
from torso.balancing import Balancer
from torso.core.errors import ConfigError
from torso.encoders import Encoder
from torso.fusion import Fusion


def test_every_registered_part_is_listed():
    found = rooms()
    assert [entry.name for entry in found["encoders"]] == list(Encoder.registry)
    assert [entry.name for entry in found["balancing"]] == list(Balancer.registry)
    assert set(found) == {
        "inputs",
        "encoders",
        "fusion",
        "sharing",
        "heads",
        "targets",
        "balancing",
        "optimizer",
        "schedule",
    }


def test_every_part_has_a_sentence_of_its_own_and_its_settings():
    for room, entries in rooms().items():
        for entry in entries:
            assert entry.summary, f"{room}/{entry.name} has no docstring"
            assert "\n" not in entry.summary
    text = next(entry for entry in rooms("inputs")["inputs"] if entry.name == "text")
    assert (
        text.settings
        == "vocabulary=8000, length=64, lowercase=true, min_frequency=2, tokenizer=null"
    )


def test_one_room_or_none():
    assert set(rooms("fusion")) == {"fusion"}
    with pytest.raises(ConfigError, match=r"Unknown room 'fussion'\. Did you mean 'fusion'"):
        rooms("fussion")


def test_a_balancer_says_what_it_needs_and_where_its_paper_is():
    found = {entry.name: entry for entry in rooms("balancing")["balancing"]}
    assert found["cagrad"].paper == "arxiv.org/abs/2110.14048"
    assert found["equal"].paper == ""
    assert found["imtlg"].paper.startswith("openreview.net/")
    assert found["equal"].needs.startswith("losses")
    assert found["famo"].needs != found["equal"].needs
    assert found["cagrad"].needs.startswith("Gram")
    assert found["config"].needs.startswith("gradients")
    without = {name for name, entry in found.items() if not entry.paper}
    assert without == {"equal", "fixed"}


@pytest.mark.parametrize("width", [60, 160])
def test_fusions_say_their_family(width):
    entries = rooms("fusion")
    assert [entry.family for entry in entries["fusion"]] == [
        fusion.family for _, fusion in Fusion.registry.items()
    ]
    console = Console(width=width, record=True, file=StringIO())
    console.print(*parts_tables(entries, {}, width))
    words = console.export_text().replace(".", "").split()
    assert {fusion.family for _, fusion in Fusion.registry.items()} <= set(words)


def test_a_part_lists_the_settings_that_users_decide():
    [sheet] = sheets("image/convnet")
    assert sheet.title == "encoders/image/convnet"
    assert sheet.spelling == "--set encoders.MODALITY=convnet"
    names = [row.name for row in sheet.rows]
    assert {"width", "stages", "augment", "lr"} <= set(names)
    assert not {"dim", "size", "channels"} & set(names)
    width = next(row for row in sheet.rows if row.name == "width")
    assert (width.default, width.meaning) == ("32", "channels of the first stage.")
    assert width.values.startswith("whole number")


def test_required_settings_and_parts_inside_parts_are_marked():
    [fixed] = sheets("fixed")
    assert [(row.name, row.default) for row in fixed.rows] == [("weights", "required")]
    weights = next(entry for entry in rooms("balancing")["balancing"] if entry.name == "fixed")
    assert weights.settings == "weights (required)"
    [sequential] = sheets("sequential")
    assert [row.values for row in sequential.rows if row.name == "inner"] == ["a part of fusion"]
    assert [row.values for row in sheets("late")[0].rows if row.name == "rule"] == [
        "mean or product"
    ]


def test_a_name_of_several_parts_lists_them_all():
    assert [sheet.title for sheet in sheets("film")] == ["fusion/film", "sharing/film"]
    assert [sheet.title for sheet in sheets("fusion/film")] == ["fusion/film"]
    assert {"inputs/number", "targets/number"} == {sheet.title for sheet in sheets("number")}


@pytest.mark.parametrize(
    ("typo", "near"),
    [("gatde", "gated"), ("fusion/gatde", "fusion/gated"), ("trainin", "training")],
)
def test_a_typo_is_answered_with_the_nearest_name(typo, near):
    with pytest.raises(ConfigError, match=rf"Nothing is called '{typo}'\. Did you mean '{near}'"):
        sheets(typo)


def test_a_section_lists_its_keys_with_bounds():
    found = {row.name: row for row in sheets("training")[0].rows}
    assert found["epochs"].values.startswith("whole number from 1")
    assert found["average"].values.startswith("number from 0 to below 1 or null")
    assert found["lr"].values.endswith("; sensible: 0.0001 to 0.01 (log scale)")
    assert found["precision"].default == "auto"
    assert "split.stratify" in {row.name for row in sheets("data")[0].rows}


@pytest.mark.parametrize("width", [60, 80, 160])
def test_rooms_and_sheets_fit_the_terminal_and_lose_nothing(width):
    console = Console(width=width, record=True, file=StringIO())
    console.print(*parts_tables(rooms(), {}, width), sep="\n")
    listed = console.export_text(clear=False).split()
    assert {entry.name for entries in rooms().values() for entry in entries} <= set(listed)
    for room, entries in rooms().items():
        for entry in entries:
            for sheet in sheets(f"{room}/{entry.name}"):
                console.print(settings_sheet(sheet, width))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= width
    assert [line for line in lines if "\u2026" in line] == []


def test_a_part_from_elsewhere_is_listed_by_its_import_path():
    [sheet] = sheets("torso.fusion.gated:Gated")
    assert sheet.title == "fusion/torso.fusion.gated:Gated"
    assert [row.name for row in sheet.rows] == ["gate"]
