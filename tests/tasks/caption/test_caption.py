"""Texts as answers: tokens, likelihood, search, score, and whole runs."""

import math
import shutil
from itertools import product

import numpy as np
import pandas as pd
import pytest
import torch

import torso
from torso.columns.reading import Reading
from torso.core.errors import ConfigError, DataError
from torso.core.types import Tokens
from torso.tables.table import read_table
from torso.tasks import evaluate_task, fit_baseline
from torso.tasks.caption import CaptionDecoder, CaptionTarget
from torso.tasks.caption.beams import traced_search
from torso.tasks.caption.scores import chrf, matches

COLOURS = {"red": [1, 0, 0], "green": [0, 1, 0], "blue": [0, 0, 1], "yellow": [1, 1, 0]}
SETTINGS = {
    "dim": 16,
    "heads.says.width": 16,
    "training.epochs": 20,
    "training.lr": 0.02,
    "data.cache": None,
}


# --- tokens -----------------------------------------------------------------------------------------


def column(texts):
    return read_table({"x": texts}).column("x")


def kind(texts=("a red thing", "a blue thing", None), **settings):
    found = CaptionTarget(**settings)
    found.fit(column(list(texts)))
    return found


def encoded(own, texts):
    return own.encode(column(texts), Reading())


def test_tokens_say_what_was_written():
    own = kind()
    texts = [
        "a red thing",
        "Größe: 日本語 \N{PILE OF POO}",
        "  A  Blue thing ",
        "<end> <|endoftext|>",
    ]
    assert own.texts(encoded(own, texts)) == [text.strip() for text in texts]
    points = own.compared(encoded(own, texts))
    assert [chr(one) for one in points[1][:5]] == [*"Größe"]
    assert points[0][len("a red thing") :].max() == -1


def test_a_text_ends_and_a_long_one_is_cut():
    own = kind(length=5)
    short, long = encoded(own, ["a", "a red thing and a blue thing"])
    assert short.tolist()[-1] == -1
    assert short.max() == own.end
    assert long.min() >= 0
    assert own.end not in long
    assert "a red thing and a blue thing".startswith(own.texts(long[None])[0])


def test_what_stands_behind_the_end_is_not_read():
    own = kind()
    tokens = encoded(own, ["a red thing"])
    noisy = np.where(tokens < 0, 5, tokens)
    assert own.texts(noisy) == ["a red thing"]
    assert own.compared(np.full((2, 64), -1)).tolist() == [[-1], [-1]]


def test_a_usual_text_counts_its_end():
    own = kind(["aa bb", "aa bb", "cc"], min_frequency=1)
    lengths = (encoded(own, ["aa bb", "aa bb", "cc"]) >= 0).sum(axis=1)
    assert own.offered()["usual"] == pytest.approx(lengths.mean())


def test_capitals_are_kept_unless_folded():
    assert kind(lowercase=True).texts(encoded(kind(lowercase=True), ["A Red"])) == ["a red"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"vocabulary": 200}, "`vocabulary` should be at least 256"), ({"length": 0}, "`length`")],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        CaptionTarget(**settings)


def test_one_text_is_not_enough():
    with pytest.raises(DataError, match=r"two different texts.*Found \['same'\]"):
        kind(["same", "same ", ""])


# --- likelihood and search ----------------------------------------------------------------------------


def head(symbols=5, length=4, seed=0, **settings):
    torch.manual_seed(seed)
    return (
        CaptionDecoder(6, 6, ["a"], symbols, length, 2.0, width=8, memory=3, **settings)
        .double()
        .eval()
    )


def memory(rows, seed=1):
    torch.manual_seed(seed)
    return torch.randn(rows, 4, 8, dtype=torch.float64)


def test_the_loss_by_hand():
    """Without a word from the row: the end with 1/4, and one token with 1/2; per token of a usual text of two."""
    own = head(symbols=3)
    with torch.no_grad():
        own.decoder.norm.weight.zero_()
        own.decoder.norm.bias.zero_()
        own.decoder.bias.copy_(torch.tensor([0.5, 0.25, 0.25]).log())
    targets = torch.tensor([[0, 2, -1, -1], [1, 0, 0, 2]])
    expected = torch.tensor([math.log(2) + math.log(4), 2 * math.log(4) + 2 * math.log(2)]) / 2
    torch.testing.assert_close(own.nll(memory(2), targets), expected.double())


def test_step_by_step_is_what_was_taught():
    own = head()
    told, tokens = memory(3), torch.randint(4, (3, 4))
    taught = own.decoder.teach(told, tokens)[0].view(3, 4, 5)
    past, last = own.decoder.begin(told), torch.full((3, 1), 4)
    for step in range(4):
        hidden, past = own.decoder(last, past)
        torch.testing.assert_close(own.decoder.logits(hidden[:, 0]), taught[:, step])
        last = tokens[:, step : step + 1]


def test_no_token_sees_those_behind_it():
    own = head()
    one, other = torch.tensor([[1, 2, 3, 0]]), torch.tensor([[1, 2, 0, 3]])
    before, after = (own.decoder.teach(memory(1), tokens)[0] for tokens in (one, other))
    torch.testing.assert_close(before[:3], after[:3])
    assert not torch.allclose(before[3], after[3])


def test_one_beam_is_greedy():
    own = head(length=6)
    told = memory(20)
    found = own.predict(told)
    for row, tokens in zip(told, found, strict=True):
        said: list[int] = []
        while len(said) < 6 and own.decoder.end not in said:
            logits, _ = own.decoder.teach(row[None], torch.tensor([[*said, 0]]))
            said.append(int(logits[-1].argmax()))
        assert tokens.tolist() == said + [-1] * (6 - len(said))


def means(own, told, texts):
    """Return the mean log-probability of the tokens of each text, as a search judges it."""
    texts = torch.tensor(texts)
    losses = own.nll(told.expand(len(texts), -1, -1), texts) * own.usual
    return -losses / (texts >= 0).sum(dim=1)


def test_with_a_beam_for_each_first_token_two_are_searched_through():
    own = head(length=2, beams=5)
    texts = [[4, -1], *([one, two] for one, two in product(range(4), range(5)))]
    for row in memory(10):
        best = means(own, row[None], texts).argmax()
        assert own.predict(row[None])[0].tolist() == texts[int(best)]


def test_more_beams_find_likelier_texts():
    greedy, wide = head(symbols=9, length=6), head(symbols=9, length=6, beams=4)
    told = memory(60)
    scores = [
        torch.stack(
            [
                means(own, row[None], [text.tolist()])[0]
                for row, text in zip(told, own.predict(told), strict=True)
            ]
        )
        for own in (greedy, wide)
    ]
    assert (scores[1] > scores[0] + 1e-9).any()
    assert scores[1].mean() > scores[0].mean()


@pytest.mark.parametrize("beams", [1, 3])
def test_the_loop_of_a_graph_finds_the_same_texts(beams):
    """It has room for all tokens from the first, reads them once, and says how likely each of them is."""
    own, told = head(symbols=9, length=6, beams=beams), memory(40)
    own.scale.fill_(1.4)
    with torch.no_grad():
        for weight in own.decoder.blocks.parameters():  # or what a token says matters little
            weight.mul_(3)
    texts, said = traced_search(own.decoder, told, 6, beams, own.scale)
    expected, details = own.answer(told)
    assert torch.equal(texts, expected)
    assert len({len(row[row >= 0]) for row in texts}) > 2  # they end early, late and not at all
    torch.testing.assert_close(said, details["log_probability"], rtol=0.0, atol=1e-5)


def test_many_rows_are_answered_as_few():
    own = head()
    told = memory(300)
    targets = torch.full((300, 4), -1)
    targets[270:, :2] = torch.tensor([1, 4])
    together, tokens = own.nll(told, targets), own.predict(told)
    torch.testing.assert_close(together[270:], own.nll(told[270:], targets[270:]))
    assert not together[:270].any()
    assert torch.equal(tokens[270:], own.predict(told[270:]))


def test_probabilities_are_those_of_the_text_that_is_said():
    own = head()
    tokens, details = own.answer(memory(5))
    losses = own.nll(memory(5), tokens) * own.usual
    torch.testing.assert_close(-details["log_probability"].sum(dim=1), losses)


def test_absent_tokens_are_not_read_and_a_row_without_any_is_answered():
    own = head()
    features, values = torch.randn(2, 6).double(), torch.randn(2, 3, 6).double()
    mask = torch.tensor([[True, True, False], [False] * 3])
    plain = own(features, {"a": Tokens(values, mask)})
    values[0, 2], values[1] = torch.nan, torch.inf
    assert torch.equal(own(features, {"a": Tokens(values, mask)}), plain)
    assert plain.isfinite().all()
    assert not torch.equal(plain[1], own(features * 2, {"a": Tokens(values, mask)})[1])


def test_a_head_that_lacks_a_modality_says_so():
    with pytest.raises(ConfigError, match=r"`modalities`.*\['a'\]; known: \['b'\]"):
        head()(
            torch.randn(1, 6).double(), {"b": Tokens(torch.zeros(1, 1, 6), torch.ones(1, 1).bool())}
        )


@pytest.mark.parametrize("name", ["width", "depth", "memory", "beams"])
def test_sizes_are_checked(name):
    given = {"width": 8, "memory": 3, name: 0}
    with pytest.raises(ValueError, match=f"`{name}` should be at least 1. Found 0"):
        CaptionDecoder(6, 6, ["a"], 5, 4, 2.0, **given)


# --- the score ----------------------------------------------------------------------------------------


def test_chrf_by_hand():
    """`abc` for `abd`: of n-grams, 2 of 3, 1 of 2 and 0 of 1 are right; the mean of both sides is 7/18."""
    assert chrf(matches("a bc", "abd")) == pytest.approx((2 / 3 + 1 / 2) / 3)
    """`a` for `ab`: precision 1, recall 1/2 at n = 1, and nothing of n = 2 is said: 5 * 1/2 / (4 + 1/2)."""
    assert chrf(matches("a", "ab")) == pytest.approx(2.5 / 4.5)


SAID = ["a red thing", "the house runs", "", "blue", "Ein Haus am Fluß.", "ab"]
MEANT = [
    "a blue thing",
    "the horse sleeps now",
    "green",
    "blue",
    "Ein Haus am Fluss",
    "abcdefgh",
]


def test_chrf_is_that_of_sacrebleu():
    """Figures of sacreBLEU 2.6.0, `CHRF()`, for each text and for all."""
    expected = [
        33.669094632064315,
        23.501394178627695,
        0,
        100,
        82.2098272098272,
        23.404255319148938,
    ]
    counts = [matches(one, other) for one, other in zip(SAID, MEANT, strict=True)]
    assert [100 * float(chrf(one)) for one in counts] == pytest.approx(expected)
    assert 100 * float(chrf(sum(counts))) == pytest.approx(41.628262058875016)


def points(texts):
    out = np.full((len(texts), max(map(len, texts))), -1)
    for row, text in enumerate(texts):
        out[row, : len(text)] = [*map(ord, text)]
    return out


def test_the_baseline_is_the_usual_text():
    assert fit_baseline("caption", points(["b", "a", "a", "c"]))["text"] == "a"
    alike = ["a red thing", "a rod thing", "a red think", "zzz"]
    assert fit_baseline("caption", points(alike))["text"] == "a red thing"
    report = evaluate_task(
        "caption", points(SAID), points(MEANT), {"text": "blue"}, details={"log_loss": np.ones(6)}
    )
    assert report.baseline["exact_match"] == pytest.approx(1 / 6)
    assert report.metrics["exact_match"].value == pytest.approx(1 / 6)
    assert report.metrics["log_loss"].value == 1.0
    assert report.metrics["chrf"].low < 0.41628 < report.metrics["chrf"].high


# --- whole runs ---------------------------------------------------------------------------------------


def table(rows=150):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"colour": draw.choice([*COLOURS], rows)})
    frame["sight"] = [COLOURS[one] + 0.1 * draw.normal(size=3) for one in frame["colour"]]
    frame["says"] = "a " + frame["colour"] + " thing"
    frame.loc[::9, "says"] = None
    frame.loc[3::9, "sight"] = None
    return frame


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("caption") / "run"
    run = torso.fit(
        table(),
        {"says": "caption", "colour": "category"},
        inputs={"sight": "vector"},
        settings=SETTINGS,
        out=folder,
    )
    return run, folder


def test_a_run_writes_texts(trained):
    run, folder = trained
    rows = table()
    report = run.reports["says"]
    assert report.verdict() == "better"
    assert report.metrics["exact_match"].value > 0.75
    answers = torso.load(folder).predict(rows)
    pd.testing.assert_frame_equal(answers, run.predict(rows))
    assert answers.columns[:2].tolist() == ["says", "says_log_probability"]
    seen = rows["sight"].notna()
    assert (answers["says"] == "a " + rows["colour"] + " thing")[seen].mean() > 0.9
    assert (answers["says_log_probability"] < 0).all()
    sure = answers["says_log_probability"][seen].median()
    assert answers["says_log_probability"][~seen].max() < sure


def test_a_run_is_evaluated(trained):
    found = trained[0].evaluate(table(), resamples=20)["says"]
    assert found.labels == table()["says"].notna().sum()
    assert found.metrics["log_loss"].value < 0.5


def test_answers_go_into_files(trained, tmp_path):
    answers = trained[0].predict(table(), as_arrow=True)
    answers.to_pandas().to_csv(tmp_path / "answers.csv")
    assert answers["says"].to_pylist()[1].startswith("a ")


def test_the_search_may_be_set_after_training(trained, tmp_path):
    run, folder = trained
    shutil.copytree(folder, tmp_path / "run")
    config = tmp_path / "run" / "run.yaml"
    config.write_text(config.read_text().replace("beams: 1", "beams: 3"))
    other = torso.load(tmp_path / "run")
    assert (run.model.heads["says"].beams, other.model.heads["says"].beams) == (1, 3)
    both = [one.predict(table())["says_log_probability"].mean() for one in (run, other)]
    assert both[1] > both[0] - 1e-6


def test_a_text_that_is_an_input_is_no_answer_unless_it_is_to_be_restored():
    rows = table(60)
    with pytest.raises(ConfigError, match=r"input or a target, not both. Found \['says'\]"):
        torso.fit(
            rows, {"says": "caption"}, inputs={"says": "text", "sight": "vector"}, settings=SETTINGS
        )
    run = torso.fit(
        rows,
        {"again": {"kind": "caption", "column": "says"}},
        inputs={"says": "text"},
        settings={"dim": 8, "heads.again.width": 8, "training.epochs": 1, "data.cache": None},
    )
    assert "again" in run.predict(rows).columns


def test_a_caption_is_never_guessed():
    rows = table(60)
    rows["says"] = [f"{text} number {place}" for place, text in enumerate(rows["says"])]
    with pytest.raises(ConfigError, match="different texts in 60 rows are no classes"):
        torso.fit(rows, ["says"], inputs={"sight": "vector"}, settings=SETTINGS)
