"""fit: what it learns, what it promises about seeds, devices' shares, and other people's state."""

import copy
import functools
import importlib
import logging

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnnlib import data
from cnnlib.training import (
    CheckpointError,
    History,
    checkpoint,
    evaluate,
    find_learning_rate,
    fit,
    predict,
    steps_per_epoch,
)
from cnnlib.training.batches import Samples, epoch_order, share
from cnnlib.training.devices import make_fabric
from cnnlib.training.randomness import seed_step

fit = functools.partial(fit, device="cpu", progress=False)


def network(seed=0, dropout=0.25):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(dropout),
        nn.Flatten(),
        nn.Linear(4 * 4 * 4, 10),
    )


def adam(model, rate=3e-3):
    return torch.optim.Adam(model.parameters(), lr=rate)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def assert_same_weights(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


@pytest.fixture(scope="module")
def digits():
    return data.digits()


@pytest.fixture
def few(digits):
    return digits.train.take(slice(0, 50))


def test_a_small_network_learns_the_digits(digits):
    model = network()
    history = fit(model, digits.train, digits.validation, optimizer=adam(model), epochs=6)
    assert history.epochs == 6
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]
    assert history.validation_accuracy[-1] > 0.93
    test = evaluate(model, digits.test)
    assert test.samples == len(digits.test)
    assert test.accuracy > 0.9
    assert not model.training, "after training the model is ready to predict"


def test_one_step_is_the_textbook_step(few):
    model, twin = network(dropout=0.0), network(dropout=0.0)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    fit(model, few, optimizer=sgd, epochs=1, batch_size=50, seed=4)
    (order,) = epoch_order(50, 50, seed=4, epoch=0)
    x, y = torch.from_numpy(few.x[order]), torch.from_numpy(few.y[order])
    F.cross_entropy(twin.train()(x), y).backward()
    with torch.no_grad():
        for p in twin.parameters():
            p -= 0.1 * p.grad
    for name, value in weights(twin).items():
        torch.testing.assert_close(weights(model)[name], value, atol=1e-7, rtol=1e-6, msg=name)


def test_the_same_seed_gives_the_same_weights_bit_for_bit_and_another_does_not(few):
    results = []
    for seed in (1, 1, 2):
        model = network()
        torch.manual_seed(int(torch.randint(1000, ())))  # fit must not depend on this
        np.random.seed(len(results))  # noqa: NPY002 (the global state is the point)
        history = fit(model, few, optimizer=adam(model), epochs=2, batch_size=16, seed=seed)
        results.append((weights(model), history))
    assert_same_weights(results[0][0], results[1][0])
    assert results[0][1] == results[1][1]
    assert not torch.equal(results[0][0]["0.weight"], results[2][0]["0.weight"])


def test_the_random_state_of_the_caller_is_left_alone(few):
    model = network()
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    fit(model, few, optimizer=adam(model), epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_history_holds_the_means_over_the_epoch_and_the_scores_of_evaluate(few, digits):
    model = network(dropout=0.0)
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    held_out = digits.validation.take(slice(0, 37))
    history = fit(model, few, held_out, optimizer=still, epochs=2, batch_size=16)
    scores = evaluate(model, held_out, batch_size=5)
    assert history.validation_loss[-1] == pytest.approx(scores.loss, rel=1e-5)
    assert history.validation_accuracy[-1] == pytest.approx(scores.accuracy)
    assert history.learning_rate == [0.0, 0.0]
    # Without batch norm the training loss of a model that stands still is its plain mean loss.
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    still = torch.optim.SGD(plain.parameters(), lr=0.0)
    history = fit(plain, few, optimizer=still, epochs=1, batch_size=16)
    assert history.train_loss[0] == pytest.approx(evaluate(plain, few).loss, rel=1e-5)
    assert history.train_accuracy[0] == pytest.approx(evaluate(plain, few).accuracy)
    assert history.validation_loss == []


def test_an_epoch_reads_every_sample_once_in_an_order_of_its_own():
    first, second = (epoch_order(53, 8, seed=3, epoch=e) for e in (0, 1))
    for order in (first, second):
        assert sorted(index for batch in order for index in batch) == list(range(53))
        assert [len(batch) for batch in order] == [8] * 6 + [5]
    assert first != second
    assert len(first) == steps_per_epoch(53, 8)


@pytest.mark.parametrize("world_size", [1, 2, 3, 5])
def test_shares_of_a_batch_average_to_the_mean_of_the_batch(world_size, rng):
    for size in (1, 2, 7):
        values = rng.standard_normal(size)
        shares = [share(range(size), rank, world_size) for rank in range(world_size)]
        assert all(mine for mine, _ in shares), "every process has something to do"
        averaged = np.mean([weight * values[mine].mean() for mine, weight in shares])
        assert averaged == pytest.approx(values.mean())


def test_a_schedule_advances_every_step_and_clipping_bounds_the_step(few):
    model = network(dropout=0.0)
    sgd = torch.optim.SGD(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.ExponentialLR(sgd, 0.5)
    before = weights(model)
    history = fit(
        model, few, optimizer=sgd, epochs=2, batch_size=25, schedule=schedule, clip_norm=1e-3
    )
    assert history.learning_rate == pytest.approx([0.5**2, 0.5**4])
    moved = (
        sum(float(((p.detach() - before[name]) ** 2).sum()) for name, p in model.named_parameters())
        ** 0.5
    )
    assert 0 < moved <= 1e-3 * (1 + 0.5 + 0.25 + 0.125) * 1.001


def test_augmentation_is_applied_to_training_images_and_reproduces(few, digits):
    seen = []

    def shift(x):
        seen.append(x.shape)
        return torch.roll(x, int(torch.randint(-1, 2, ())), dims=3)

    results = []
    for augment in (shift, shift, None):
        model = network()
        fit(model, few, few, optimizer=adam(model), epochs=1, batch_size=25, augment=augment)
        results.append(weights(model))
    assert seen == [(25, 1, 8, 8)] * 4, "twice for each of two runs, never for validation"
    assert_same_weights(results[0], results[1])
    assert not torch.equal(results[0]["0.weight"], results[2]["0.weight"])


def test_every_step_and_every_process_draws_its_own_random_numbers(few):
    drawn = []

    def draw(x):
        drawn.append(float(torch.rand(())))
        return x

    model = network()
    fit(model, few, optimizer=adam(model), epochs=2, batch_size=10, augment=draw)
    for rank in (1, 2):
        seed_step(0, 0, rank)
        drawn.append(float(torch.rand(())))
    assert len(set(drawn)) == 12


def test_arrays_tensors_and_datasets_give_the_same_result(few):
    results = []
    for form in (few, (few.x, few.y), (torch.from_numpy(few.x), few.y), few.dataset()):
        model = network()
        fit(model, form, optimizer=adam(model), epochs=1, batch_size=16)
        results.append(weights(model))
    for other in results[1:]:
        assert_same_weights(results[0], other)


def test_channels_last_changes_the_layout_and_not_the_result(few):
    plain, fast = network(dropout=0.0), network(dropout=0.0)
    # Not Adam: it blows up the rounding error of a bias before batch norm, whose gradient is 0.
    fit(plain, few, optimizer=torch.optim.SGD(plain.parameters(), lr=0.1), epochs=1)
    layouts = []
    fast[0].register_forward_hook(
        lambda _, inputs, output: layouts.append(
            output.is_contiguous(memory_format=torch.channels_last)
        )
    )
    sgd = torch.optim.SGD(fast.parameters(), lr=0.1)
    fit(fast, few, optimizer=sgd, epochs=1, channels_last=True)
    assert layouts
    assert all(layouts)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(fast.state_dict()[name], value, atol=1e-5, rtol=1e-4)


def test_channels_last_images_arrive_channels_last(rng):
    model = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 4 * 5, 2))
    arrived = []
    model[0].register_forward_pre_hook(lambda _, inputs: arrived.append(inputs[0].stride()))
    images = rng.random((4, 3, 6, 7), np.float32), np.array([0, 1, 0, 1])
    for channels_last in (False, True):
        sgd = torch.optim.SGD(model.parameters(), lr=0.1)
        fit(model, images, optimizer=sgd, epochs=1, channels_last=channels_last)
    assert arrived == [(126, 42, 7, 1), (126, 1, 21, 3)]


def test_mixed_precision_computes_in_bfloat16_and_keeps_float32_weights(few):
    model = network(dropout=0.0)
    seen = []
    model[0].register_forward_hook(lambda _, inputs, output: seen.append(output.dtype))
    history = fit(model, few, optimizer=adam(model), epochs=1, precision="bf16")
    assert set(seen) == {torch.bfloat16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert np.isfinite(history.train_loss[0])


def test_nothing_is_said_of_the_precision_that_was_asked_for(few):
    said = []
    listener = logging.Handler()
    listener.emit = said.append
    talker = logging.getLogger("lightning_fabric")
    importlib.import_module("lightning_fabric")  # sets its level
    level = talker.level
    talker.addHandler(listener)
    try:
        model = network()
        fit(model, few, optimizer=adam(model), epochs=1, precision="bf16", progress=False)
    finally:
        talker.removeHandler(listener)
    assert not said
    assert talker.level == level  # others may still listen to it


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"precision": "fp8"}, "precision must be one of 32, bf16, 16"),
        ({"precision": "16"}, "needs a GPU; on the CPU use 'bf16'"),
        ({"device": "tpu"}, "device must be auto, cpu, cuda"),
        ({"checkpoint_every": 5}, "checkpoint_every=5 needs checkpoint=PATH"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(few, arguments, message):
    model = network()
    with pytest.raises(ValueError, match=message):
        fit(model, few, **({"optimizer": adam(model), "epochs": 1} | arguments))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_gpu_is_named():
    with pytest.raises(ValueError, match="torch finds no CUDA device; use device='auto'"):
        make_fabric("cuda", "32")


def test_data_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 samples but 2 labels"):
        Samples((torch.zeros(3, 1, 2, 2), torch.zeros(2)))
    with pytest.raises(ValueError, match="there are no samples"):
        Samples((torch.zeros(0, 1, 2, 2), torch.zeros(0)))


def test_a_resumed_run_ends_with_the_same_weights_and_history(few, digits, tmp_path):
    def run(epochs, **more):
        model = network()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 16)
        history = fit(
            model, few, digits.validation, optimizer=optimizer, epochs=epochs, batch_size=16,
            schedule=schedule, **more,
        )  # fmt: skip
        return weights(model), history

    whole, history = run(4)
    path = tmp_path / "deep" / "run.pt"
    run(2, checkpoint=path)
    resumed, resumed_history = run(4, checkpoint=path)
    assert_same_weights(whole, resumed)
    assert history == resumed_history
    again, same_history = run(4, checkpoint=path)  # nothing left to do
    assert_same_weights(whole, again)
    assert same_history == history
    afresh, _ = run(1, checkpoint=path, resume=False)
    assert not torch.equal(afresh["0.weight"], whole["0.weight"])


def test_a_run_interrupted_in_the_middle_of_an_epoch_goes_on_exactly_there(few, tmp_path):
    def run(stop_after=None, **more):
        model, read = network(), []

        def watch(x):
            if len(read) == stop_after:
                raise KeyboardInterrupt
            read.append(x.clone())
            return x

        try:
            history = fit(
                model, few, optimizer=adam(model), epochs=3, batch_size=10, augment=watch, **more
            )
        except KeyboardInterrupt:
            history = None
        return weights(model), history, read

    whole, history, read = run()
    saved = {"checkpoint": tmp_path / "run.pt", "checkpoint_every": 3}
    assert run(stop_after=9, **saved)[1] is None
    resumed, resumed_history, read_again = run(**saved)
    # Five steps an epoch: checkpoints after steps 3, 5 (the epoch), 6 and 9.
    assert len(read_again) == len(read) - 9
    for x, y in zip(read_again, read[9:], strict=True):
        assert torch.equal(x, y)
    assert_same_weights(whole, resumed)
    assert history == resumed_history


def test_a_checkpoint_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "run.pt"
    checkpoint.save({"step": 1}, path)
    original = torch.save

    def break_off(state, file):
        original(state, file)
        file.truncate(20)
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", break_off)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save({"step": 2}, path)
    assert checkpoint.load(path)["step"] == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.pt"]


def test_a_checkpoint_of_another_run_is_refused(few, tmp_path):
    path = tmp_path / "run.pt"
    model = network()
    fit(model, few, optimizer=adam(model), epochs=1, checkpoint=path, seed=1)
    with pytest.raises(CheckpointError, match=r"another run: seed was 1 and is 2\. Use the same"):
        fit(model, few, optimizer=adam(model), epochs=1, checkpoint=path, seed=2)
    optimizer = adam(model)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    with pytest.raises(CheckpointError, match="had none of the argument schedule"):
        fit(
            model, few, optimizer=optimizer, epochs=1, checkpoint=path, seed=1, schedule=schedule
        )  # fmt: skip


def test_a_checkpoint_is_never_unpickled(few, tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    path = tmp_path / "run.pt"
    torch.save({"format": 1, "model": Evil()}, path)
    model = network()
    with pytest.raises(CheckpointError, match="not a checkpoint that can be read safely"):
        fit(model, few, optimizer=adam(model), epochs=1, checkpoint=path)
    assert not (tmp_path / "executed").exists()
    path.write_bytes(b"half a file")
    with pytest.raises(CheckpointError, match="move it away to start afresh"):
        fit(model, few, optimizer=adam(model), epochs=1, checkpoint=path)
    torch.save({"format": 99}, path)
    with pytest.raises(CheckpointError, match="not a checkpoint of cnnlib"):
        fit(model, few, optimizer=adam(model), epochs=1, checkpoint=path)


def test_evaluate_and_predict_change_nothing_and_agree_for_every_batch_size(digits):
    model = network(dropout=0.9)
    model.train()
    model[1].eval()
    before = weights(model)
    logits = predict(model, digits.test, batch_size=7)
    np.testing.assert_allclose(predict(model, digits.test, batch_size=1000), logits, atol=1e-5)
    scores = evaluate(model, digits.test, batch_size=7)
    expected = F.cross_entropy(torch.from_numpy(logits), torch.from_numpy(digits.test.y))
    assert scores.loss == pytest.approx(float(expected), rel=1e-5)
    assert scores.accuracy == pytest.approx((logits.argmax(axis=1) == digits.test.y).mean())
    assert_same_weights(before, weights(model))
    assert model.training
    assert not model[1].training
    assert model[4].training


def test_the_learning_rate_finder_finds_a_rate_that_works_and_undoes_everything(digits):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.BatchNorm1d(10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.123, momentum=0.9)
    fit(model, digits.validation, optimizer=optimizer, epochs=1)
    model.train()
    before = weights(model), copy.deepcopy(optimizer.state_dict())
    found = find_learning_rate(
        model, digits.train, optimizer=optimizer, high=1e4, steps=80, progress=False
    )
    assert_same_weights(before[0], weights(model))
    assert optimizer.state_dict()["param_groups"] == before[1]["param_groups"]
    for key, state in before[1]["state"].items():
        kept = optimizer.state_dict()["state"][key]["momentum_buffer"]
        assert torch.equal(kept, state["momentum_buffer"])
    assert model.training
    assert found.rates[0] == pytest.approx(1e-6)
    assert np.allclose(np.diff(np.log(found.rates)), np.log(1e10) / 79)
    assert len(found.losses) == len(found.rates)
    assert found.suggestion in found.rates
    fresh = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    sgd = torch.optim.SGD(fresh.parameters(), lr=1.0)
    found = find_learning_rate(fresh, digits.train, optimizer=sgd, high=1e3, progress=False)
    assert len(found.rates) < 100, "the search stops when the loss explodes"
    sgd.param_groups[0]["lr"] = found.suggestion
    history = fit(fresh, digits.train, optimizer=sgd, epochs=3)
    assert history.train_accuracy[-1] > 0.85


@pytest.mark.parametrize("bad", [{"low": 0}, {"low": 2, "high": 1}, {"steps": 3}])
def test_the_learning_rate_finder_refuses_nonsense(few, bad):
    model = network()
    with pytest.raises(ValueError, match="need 0 < low < high and at least 10 steps"):
        find_learning_rate(model, few, optimizer=adam(model), progress=False, **bad)


def test_history_prints_a_table_and_plots_itself():
    history = History([2.0, 1.0], [0.25, 0.5], [], [], [0.1, 0.1])
    lines = str(history).splitlines()
    assert lines[0].split() == ["epoch", "train_loss", "train_accuracy", "learning_rate"]
    assert lines[2].split() == ["2", "1", "0.5", "0.1"]
    assert "training loss from 2 to 1" in history.plot("Run").alt_text
    assert history.to_dict()["train_loss"] == [2.0, 1.0]


def test_the_progress_bar_is_on_stderr(few, capfd):
    model = network()
    fit(model, few, optimizer=adam(model), epochs=1, progress=True)
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "training" in captured.err
    assert "train_loss" in captured.err


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32", "bf16", "16"])
def test_on_a_gpu_the_network_learns_with_every_precision(digits, precision):
    model = network()
    history = fit(
        model, digits.train, digits.validation, optimizer=adam(model), epochs=6,
        device="cuda", precision=precision, channels_last=True,
    )  # fmt: skip
    assert next(model.parameters()).is_cuda
    assert history.validation_accuracy[-1] > 0.9
