"""Tags: what cells may hold, where tokens stand, the chain against all paths, F1 by hand, and whole runs."""

import itertools
import json
import math

import numpy as np
import pytest
import torch

import torso
from tests import small_tables as tables
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.core.types import Tokens
from torso.runs.schema.schema import Schema
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline, labelled
from torso.tasks.tags import TagsTarget, TagTokens
from torso.tasks.tags.chain import FAST, Chain
from torso.tasks.tags.codes import spans_of, tags_of, touching

SETTINGS = {"dim": 16, "training.epochs": 12, "training.batch_size": 8, "training.lr": 1e-2}


# --- cells ----------------------------------------------------------------------------------------


def schema(cells, inputs, form, settings=None, **target):
    """Return a schema fitted on one input and the tags along it, and the targets of the same rows."""
    table = read_table({"x": inputs, "y": cells})
    found = Schema({"x": {"kind": form, **(settings or {})}}, {"y": {"kind": "tags", **target}})
    found.fit(table, np.arange(table.rows))
    return found, found.dataset(table, Reading()).targets["y"]


def encoded(cells, inputs, form, settings=None, **target):
    """Return the targets as far as rows reach."""
    _, targets = schema(cells, inputs, form, settings, **target)
    return [row[: np.flatnonzero(row >= 0).max(initial=-1) + 1].tolist() for row in targets]


def test_all_ways_to_write_spans_say_the_same():
    text = "Ada Byron met Otto"
    plain = [[0, 9, "PERSON"], [14, 18, "PERSON"]]
    named = [{"start": start, "end": end, "tag": tag} for start, end, tag in plain]
    words = " ; ".join(f"{start} {end} {tag}" for start, end, tag in plain)
    for cells in ([json.dumps(plain), ""], [json.dumps(named), None], [words, " "], [named, None]):
        found, targets = schema(cells, [text, text], "text")
        assert found.targets["y"].names == ["PERSON"]
        assert labelled(targets).tolist() == [True, False]
        answers = found.columns("y", read_table({"x": [text, text]}), targets, {})["y"]
        first, _ = answers.to_pylist()
        assert [[span[key] for key in ("start", "end", "tag")] for span in first] == plain


def test_nothing_is_a_label_and_an_empty_cell_is_none():
    found, targets = schema(["[]", None, "0 3 A", "0 1 A"], ["one two"] * 3 + [None], "text")
    assert labelled(targets).tolist() == [True, False, True, False]
    assert set(targets[0].tolist()) == {0, -1}
    assert found.targets["y"].touching is False


def test_blanks_capitals_and_wide_characters_leave_places_alone():
    texts = ["Ünïcode \n  ﬁsh 日本 ", "Ünïcode ﬁsh 日本"]
    spans = [
        [[text.index(word), text.index(word) + len(word), word]]
        for text in texts
        for word in ["ﬁsh"]
    ]
    found, targets = schema([json.dumps(one) for one in spans], texts, "text")
    answers = found.columns("y", read_table({"x": texts}), targets, {})["y"].to_pylist()
    assert [[one["start"], one["end"]] for (one,) in answers] == [
        [span[0][0], span[0][1]] for span in spans
    ]
    places = found.inputs["x"].offsets(read_table({"x": texts}).column("x"))
    assert all((np.diff(one, axis=1) > 0).all() for one in places)


def test_one_tag_for_each_step():
    cells = [["a", "a", "b", "", "a"], ["b"], None]
    series = [[[1.0]] * 5, [[2.0]], [[3.0]]]
    assert encoded(cells, series, "sequence") == [[1, 2, 3, 0, 1], [3], []]
    texts = [json.dumps(cell) if cell else "" for cell in cells]
    assert encoded(texts, series, "sequence") == [[1, 2, 3, 0, 1], [3], []]
    spans = ["0 2 a; 2 3 b; 4 5 a", "0 1 b", ""]
    assert encoded(spans, series, "sequence") == [[1, 2, 3, 0, 1], [3], []]


def test_a_step_may_be_unknown_and_numbers_are_names():
    found, targets = schema([[10, None, 2], [2, 2, 2]], [[[1.0]] * 3] * 2, "sequence")
    assert found.targets["y"].tags == ["2", "10"]
    assert targets[:, :3].tolist() == [[3, -1, 1], [1, 2, 2]]


def test_steps_are_tagged_in_the_order_of_their_times():
    series = [[[3.0, 1.0], [1.0, 2.0], [2.0, 5.0]]]
    timed = {"time": "first"}
    assert encoded([["late", "early", "middle"]], series, "sequence", timed) == [[1, 5, 3]]
    found, targets = schema([["late", "early", "middle"]], series, "sequence", timed)
    assert [found.targets["y"].tags[tag - 1] for tag in tags_of(targets)[0, :3]] == [
        "early",
        "middle",
        "late",
    ]
    answers = found.columns("y", read_table({"x": series}), targets, {})["y"].to_pylist()
    assert [one["tag"] for one in answers[0]] == ["late", "early", "middle"]


def test_tags_of_steps_are_known_without_the_series():
    found, targets = schema([["a", "b"], "x"][:1] * 2, [None, [[1.0]] * 2], "sequence")
    assert targets[:, :2].tolist() == [[1, 3], [1, 3]]
    answers = found.columns("y", read_table({"x": [None, [[1.0]] * 2]}), targets, {})["y"]
    assert [len(row) for row in answers.to_pylist()] == [0, 2]


def test_spans_that_touch_are_told_apart():
    found, targets = schema(["0 3 A; 4 7 A", "0 7 A"], ["abc def", "abc def"], "text")
    assert found.targets["y"].touching is True
    assert len(spans_of(targets)) == 3


def test_what_does_not_fit_is_reported():
    found, _ = schema(["0 2 A"], ["ab cd ef"], "text", {"length": 2, "min_frequency": 1})
    reading, table = (
        Reading(),
        read_table({"x": ["ab cd ef"] * 3, "y": ["6 8 A", "0 1 A", "3 5 B"]}),
    )
    targets = found.dataset(table, reading).targets["y"]
    assert [(one.row, one.cell, one.reason) for one in reading.log.skipped] == [
        (1, "6 8 A", "no step that is read lies in the span"),
        (2, "0 1 A", "begins or ends within a token; taken for whole ones"),
        (3, "3 5 B", "tag unseen in training"),
    ]
    assert targets.tolist() == [[0, 0], [1, 0], [0, 3]]


def test_a_span_that_leaves_its_text_is_reported():
    found, _ = schema(["0 2 A"], ["ab cd ef"], "text", {"length": 5, "min_frequency": 1})
    reading = Reading()
    found.dataset(read_table({"x": ["ab cd"] * 2, "y": ["3 5 A", "3 9 A"]}), reading)
    assert [(one.row, one.cell, one.reason) for one in reading.log.skipped] == [
        (2, "3 9 A", "ends behind the input; cut off there")
    ]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("cat", "row 2, column 'y': expected a list of .*found 'cat'"),
        ("[{'start': 0}]", "row 2, column 'y': expected a list of .*JSON needs double quotes"),
        ("[[0, 1]]", r"row 2, column 'y': expected a list of \[start, end, tag\]"),
        ('["A", "B"]', r"row 2, column 'y': expected a list of \[start, end, tag\]"),
        ('[{"start": 0}]', "row 2, column 'y': expected a list"),
        ('[[0.5, 1, "A"]]', "row 2, column 'y': expected a list"),
        ('[[3, 3, "A"]]', "row 2, column 'y': expected a span with 0 <= start < end"),
        ("0 3 A; 2 4 B", "row 2, column 'y': expected spans that do not overlap"),
    ],
)
def test_errors_say_where(cell, message):
    with pytest.raises(DataError, match=message):
        schema(["0 3 A", cell], ["abc def", "abc def"], "text")


def test_as_many_tags_as_steps():
    with pytest.raises(
        DataError, match="row 1, column 'y': expected one tag for each of 2 steps, found 3"
    ):
        schema([["a", "b", "c"]], [[[1.0]] * 2], "sequence")
    assert encoded([["a", "b", "c"]], [[[1.0]] * 3], "sequence", {"length": 2}) == [[1, 3]]


@pytest.mark.parametrize(
    ("inputs", "target", "message"),
    [
        (
            {"x": {"kind": "number"}},
            {},
            r"about one text or sequence. Found the text or sequence inputs \[\]. Take in .*inputs.COLUMN.kind=text",
        ),
        ({"x": {"kind": "text"}, "z": {"kind": "text"}}, {}, "targets.y.of=COLUMN"),
        ({"x": {"kind": "text"}}, {"of": "w"}, "text or sequence input 'w'"),
        ({"x": {"kind": "text"}}, {"tags": ["a", "a"]}, "different names"),
    ],
)
def test_settings_are_checked(inputs, target, message):
    with pytest.raises((ConfigError, ValueError), match=message):
        Schema(inputs, {"y": {"kind": "tags", **target}})


def test_tags_may_be_given():
    assert encoded(["0 3 B"], ["abc"], "text", tags=["B", "A"])[0][0] == 1
    kind = TagsTarget(tags=["B", "A"])
    assert kind.names == ["B", "A"]


def test_codes_by_hand():
    codes = np.array([[1, 1, 2, 3, 0, 4, -1, 2]])
    assert spans_of(codes).tolist() == [
        [0, 0, 1, 0],
        [0, 1, 3, 0],
        [0, 3, 4, 1],
        [0, 5, 6, 1],
        [0, 7, 8, 0],
    ]
    assert touching(codes)
    assert not touching(codes[:, 1:])


# --- the chain ------------------------------------------------------------------------------------


@pytest.fixture
def chain():
    torch.manual_seed(0)
    made = Chain(3).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


def all_paths(chain, emissions, scale):
    """Return every path of one row, and its score."""
    paths = torch.tensor([*itertools.product(range(3), repeat=len(emissions))])
    scores = chain.first[paths[:, 0]] + chain.moves[paths[:, :-1], paths[:, 1:]].sum(dim=1)
    scores = scores + emissions[torch.arange(len(emissions)), paths].sum(dim=1)
    return paths, scale * scores


def test_recursions_are_sums_over_all_paths(chain):
    emissions = torch.randn(3, 4, 3, dtype=torch.float64)
    lengths, scale = torch.tensor([4, 2, 1]), torch.tensor(0.7, dtype=torch.float64)
    totals = chain.log_partition(emissions, lengths, scale)
    marginals = chain.marginals(emissions, lengths, scale)
    best = chain.best_path(emissions, lengths)
    for row, length in enumerate(lengths):
        paths, scores = all_paths(chain, emissions[row, :length], scale)
        torch.testing.assert_close(totals[row], scores.logsumexp(dim=0), rtol=0, atol=1e-12)
        chances = torch.softmax(scores, dim=0)
        for step in range(length):
            own = torch.stack([chances[paths[:, step] == at].sum() for at in range(3)])
            torch.testing.assert_close(marginals[row, step], own, rtol=0, atol=1e-12)
        assert torch.equal(best[row, :length], paths[scores.argmax()])


def test_a_sequence_by_hand():
    """Two steps, nothing or one tag; staying is twice as likely as changing, the first step is even."""
    head = TagTokens(4, 4, "note", 2, 1, chain=True)
    head.chain.raw_moves.data = torch.eye(2) * math.log(2.0) / FAST
    outputs = torch.tensor([[[0.0, 0.0, 1.0], [0.0, math.log(3.0), 1.0]]])
    # paths 00, 01, 10, 11 weigh 2, 3, 1, 6
    cases = {(0, 0): 2 / 12, (1, 2): 6 / 12, (1, 0): 1 / 12, (-1, 1): 9 / 12, (1, -1): 7 / 12}
    for codes, chance in cases.items():
        known = sum(code >= 0 for code in codes)
        found = head.nll(outputs, torch.tensor([codes])).item()
        assert found == pytest.approx(-math.log(chance) / known, rel=1e-6)
    assert head.predict(outputs).tolist() == [[1, 2]]
    sure = head.details(outputs)["probability"]
    torch.testing.assert_close(sure, torch.tensor([[7 / 12, 9 / 12]]))


def test_moves_are_learnt_at_the_rate_of_a_run():
    """Steps that say nothing, tags that change at every step: 500 steps at 1e-3 once left the moves near zero."""
    chain, (rows, steps) = Chain(2), (32, 10)
    path = (torch.arange(steps) + torch.arange(rows).unsqueeze(1)) % 2
    optimizer = torch.optim.AdamW(chain.parameters(), lr=1e-3)
    lengths, scale = torch.full((rows,), steps), torch.tensor(1.0)
    held = torch.where(torch.nn.functional.one_hot(path) == 1, 0.0, -torch.inf)
    for _ in range(500):
        optimizer.zero_grad()
        every = chain.log_partition(torch.zeros(rows, steps, 2), lengths, scale)
        loss = (every - chain.log_partition(held, lengths, scale)).mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < math.log(2.0) + 0.25  # which tag comes first, and little else


@pytest.mark.parametrize("chain", [False, True])
def test_rows_do_not_see_each_other_nor_what_is_hidden(chain):
    torch.manual_seed(0)
    head = TagTokens(4, 6, "note", 5, 2, chain=chain).double().eval()
    features, values = (torch.randn(3, *shape, dtype=torch.float64) for shape in ((4,), (4, 6)))
    mask = torch.tensor([[1, 1, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]]).bool()
    whole = head(features, {"note": Tokens(values, mask)})
    hidden = values.masked_fill(~mask.unsqueeze(2), torch.nan)
    assert torch.equal(head(features, {"note": Tokens(hidden, mask)}), whole)
    second = head(features[1:2], {"note": Tokens(values[1:2, :2], mask[1:2, :2])})
    torch.testing.assert_close(second[0], whole[1], rtol=0, atol=1e-12)
    assert whole[..., -1].sum(dim=1).tolist() == [4, 2, 0]
    assert (whole[2] == whole[2, 0]).all()  # without the input all steps are alike
    codes = torch.tensor([[1, 2, 0, 3, -1], [0, 1, -1, -1, -1], [0, 1, 2, -1, -1]])
    losses = head.nll(whole, codes)
    assert losses.isfinite().all()
    if not chain:
        logits = whole[1, :2, :-1].log_softmax(dim=1)
        assert losses[1].item() == pytest.approx(-(logits[0, 0] + logits[1, 1]).item() / 2)


# --- scores ---------------------------------------------------------------------------------------


def test_scores_by_hand():
    truth = np.array([[1, 2, 0, 3, 4], [1, 0, 1, 2, -1]])
    prediction = np.array([[1, 2, 0, 3, 0], [1, 0, 1, 1, 2]])
    learnt = fit_baseline("tags", truth, names=["a", "b"])
    report = evaluate_task("tags", prediction, truth, learnt, names=["a", "b"], resamples=10)
    # found: a 0-2, b 3-4 in the first row, a 0-1, a 2-3, a 3-4 in the second; true: a, b 3-5; a, a 2-4
    assert report.metrics["span_f1"].value == pytest.approx(2 * 2 / (5 + 4))
    assert report.metrics["step_accuracy"].value == pytest.approx(8 / 9)
    assert report.by_name["a"]["span_f1"].value == pytest.approx(2 * 2 / (4 + 3))
    assert report.by_name["b"]["span_f1"].value == 0
    # of nine steps, two are nothing, five a, two b
    assert learnt == {
        "frequencies": pytest.approx([2 / 9, 5 / 9, 2 / 9]),
        "parted": False,
        "labels": 2,
    }
    assert report.baseline["step_accuracy"] == pytest.approx(5 / 9)
    blind = evaluate_task("tags", prediction, truth, learnt, details={"log_loss": np.ones(2)})
    first = -(2 * math.log(5 / 9) + 3 * math.log(2 / 9)) / 5
    second = -(3 * math.log(5 / 9) + math.log(2 / 9)) / 4
    assert blind.baseline["log_loss"] == pytest.approx((first + second) / 2)
    assert blind.metrics["log_loss"].value == 1.0


def test_the_baseline_knows_codes_where_spans_touch():
    truth = np.array([[1, 1, 2, 0]])
    learnt = fit_baseline("tags", truth, names=["a"])
    assert learnt == {"frequencies": [0.25, 0.5, 0.25], "parted": True, "labels": 1}
    report = evaluate_task("tags", truth, truth, learnt, details={"log_loss": np.zeros(1)})
    assert report.baseline["log_loss"] == pytest.approx((4 * math.log(4) - 2 * math.log(2)) / 4)
    assert report.baseline["step_accuracy"] == pytest.approx(3 / 4)  # "a" everywhere


# --- whole runs -----------------------------------------------------------------------------------


def notes(rows=60, seed=0):
    """Return sentences, and who and where as text of spans; every tenth has no label, every eleventh no text."""
    rng = np.random.default_rng(seed)
    texts, spans = [], []
    for row in range(rows):
        who, where = (
            rng.choice(["Anna", "Otto", "Mary", "Wei"]),
            rng.choice(["Rome", "Oslo", "Lima"]),
        )
        text = f"{who} {rng.choice(['lives in', 'left', 'walks to'])} {where}."
        start = text.index(where)
        texts.append("" if row % 11 == 10 else text)
        label = f"0 {len(who)} PERSON; {start} {start + len(where)} PLACE"
        spans.append("" if row % 10 == 9 else label)
    return {"note": texts, "size": rng.normal(size=rows).tolist(), "spans": spans}


def test_spans_of_texts_are_found_and_can_be_read_again(tmp_path):
    table = tables.write(tmp_path / "table.csv", notes())
    run = torso.fit(
        table,
        {"spans": "tags"},
        inputs={"note": "text", "size": "number"},
        settings={**SETTINGS, "data.cache": str(tmp_path / "cache")},
        out=tmp_path / "run",
    )
    assert run.config.encoders["note"]["tokens"] == 0
    loaded = torso.load(tmp_path / "run")
    report = loaded.evaluate(table, resamples=100)["spans"]
    assert report.labels == 49  # rows without a text have no label either
    assert report.verdict() == "better"
    assert list(report.metrics) == ["span_f1", "step_accuracy", "log_loss"]
    assert report.metrics["span_f1"].value > 0.9
    assert set(report.by_name) == {"PERSON", "PLACE"}
    command = ("predict", tmp_path / "run", table, "-o", tmp_path / "answers.csv")
    assert tables.torso(*command) == 0
    answers = tables.read(tmp_path / "answers.csv")["spans"]
    assert json.loads(answers[10]) == []
    assert {*json.loads(answers[0])[0]} == {"start", "end", "tag", "score"}
    again = loaded.evaluate({**notes(), "spans": answers}, resamples=0)["spans"]
    assert again.metrics["span_f1"].value == 1.0


@pytest.mark.parametrize(("encoder", "chain"), [("transformer", True), ("time2vec", False)])
def test_tags_of_series_with_gaps(encoder, chain):
    rng = np.random.default_rng(0)
    series, tags = [], []
    for _ in range(48):
        states = np.repeat(rng.integers(2, size=4), 2)[: rng.integers(3, 9)]
        values = np.stack(
            [np.arange(len(states)), 3.0 * states + rng.normal(size=len(states))], axis=1
        )
        series.append(values.tolist())
        tags.append([["low", "high"][state] for state in states])
    columns = {"series": [None, *series[1:]], "state": [*tags[:-1], None], "size": [1.0, 2.0] * 24}
    inputs = {"series": {"kind": "sequence", "time": "first"}, "size": "number"}
    settings = {**SETTINGS, "heads.state.chain": chain, "encoders.series": encoder}
    settings |= {"training.modality_dropout": 0.2}
    run = torso.fit(columns, {"state": "tags"}, inputs=inputs, settings=settings)
    report = run.evaluate(columns, resamples=100)["state"]
    assert report.labels == 47  # without the series, steps are known all the same
    assert report.metrics["step_accuracy"].value > 0.75
    assert report.verdict("log_loss") == "better"
    answers = run.predict(columns, as_arrow=True)["state"].to_pylist()
    assert answers[0] == []
    assert answers[1][-1]["end"] == len(tags[1])
    alone = run.predict({"series": None, "size": 1.0}, as_arrow=True)["state"].to_pylist()
    assert alone == [[]]


def test_an_encoder_must_hand_over_one_token_per_step():
    inputs = {"note": "text"}
    settings = {**SETTINGS, "encoders.note.tokens": 4}
    with pytest.raises(ConfigError, match=r"encoders.note.tokens` should be 0, as the tags target"):
        torso.fit(notes(), {"spans": "tags"}, inputs=inputs, settings=settings)
    with pytest.raises(ConfigError, match="tokens"):
        settings = {**SETTINGS, "encoders.note": "ngrams"}
        torso.fit(notes(), {"spans": "tags"}, inputs=inputs, settings=settings)
    head = TagTokens(4, 4, "note", 2, 1)
    three = Tokens(torch.zeros(1, 3, 4), torch.ones(1, 3).bool())
    with pytest.raises(ConfigError, match=r"at most 2. Found 3 of 'note'"):
        head(torch.zeros(1, 4), {"note": three})
    with pytest.raises(ConfigError, match="name an input"):
        head(torch.zeros(1, 4), {"other": three})
