"""The windows as a torch Dataset, with real torch and real DataLoader workers."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import impulse
from impulse import training
from impulse.training import Windows


@pytest.fixture
def torch() -> Any:
    """The library, which the environment of the other tests does not have."""
    return importlib.import_module("torch")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install; the windows themselves do not need it."""
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "impulse.training.torch_windows", raising=False)
    with pytest.raises(
        ImportError, match=r"^TorchWindows needs torch: pip install -e '\.\[torch\]' in the checkout of impulse$"
    ):
        _ = training.TorchWindows
    with pytest.raises(AttributeError, match="no attribute 'TorchWindow'"):
        _ = training.TorchWindow


@pytest.mark.torch
def test_tensors_are_the_windows(torch: Any, dataset: Path) -> None:
    """A Dataset of float32 tensors with the arrays' values, from a folder, from loaded frames and from windows."""
    arrays = Windows(dataset, split="val", length=32)
    loaded = impulse.load(dataset, split="val", as_="numpy")
    for tensors in (
        training.TorchWindows(dataset, split="val", length=32),
        training.TorchWindows(loaded, length=32),
        training.TorchWindows(arrays),
    ):
        assert isinstance(tensors, torch.utils.data.Dataset)
        assert len(tensors) == len(arrays)
        assert tensors[0].dtype == torch.float32
        np.testing.assert_array_equal(torch.stack(tensors.__getitems__(list(range(len(arrays))))).numpy(), arrays[:])
        np.testing.assert_array_equal(tensors[len(arrays) - 1].numpy(), arrays[-1])


@pytest.mark.torch
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_shuffled_batches_depend_on_the_seed_alone(torch: Any, dataset: Path, method: str) -> None:
    """Two workers, forked or spawned, give the batches that none gives; another epoch has another order."""
    tensors = training.TorchWindows(dataset, length=24, stride=6)

    def epochs(workers: int, seed: int) -> list[list[bytes]]:
        loader = torch.utils.data.DataLoader(
            tensors,
            batch_size=7,
            shuffle=True,
            num_workers=workers,
            generator=torch.Generator().manual_seed(seed),
            multiprocessing_context=method if workers else None,
        )
        return [[batch.numpy().tobytes() for batch in loader] for _ in range(2)]

    alone = epochs(0, seed=1)
    assert epochs(2, seed=1) == alone
    assert alone[0] != alone[1]
    assert epochs(0, seed=2) != alone
    for epoch in alone:
        each_once(epoch, tensors.windows)


@pytest.mark.torch
def test_sampler_gives_one_order_to_persistent_workers_too(torch: Any, dataset: Path) -> None:
    """Epoch for epoch the batches are those of ``Windows.order``, however the loader works."""
    tensors = training.TorchWindows(dataset, length=24, stride=6, seed=4)

    def epochs(**settings: Any) -> list[list[bytes]]:
        sampler = training.EpochSampler(tensors.windows)
        loader = torch.utils.data.DataLoader(tensors, batch_size=7, sampler=sampler, **settings)
        done = []
        for epoch in range(3):
            sampler.set_epoch(epoch)
            done.append([batch.numpy().tobytes() for batch in loader])
        return done

    orders = [tensors.windows.order(epoch) for epoch in range(3)]
    expected = [b"".join(tensors.windows[index].tobytes() for index in order) for order in orders]
    for settings in ({}, {"num_workers": 2}, {"num_workers": 2, "persistent_workers": True}):
        assert [b"".join(batches) for batches in epochs(**settings)] == expected
    each_once([expected[2]], tensors.windows)


def each_once(batches: list[bytes], windows: Windows) -> None:
    """Check that batches hold every window once."""
    every = sorted(window.tobytes() for window in windows)
    size, seen = len(every[0]), b"".join(batches)
    assert sorted(seen[start : start + size] for start in range(0, len(seen), size)) == every


@pytest.mark.torch
def test_masks_come_beside_the_values(torch: Any, dataset: Path) -> None:
    """With ``nulls='zero'`` a batch is a pair of values and mask, through workers too."""
    tensors = training.TorchWindows(dataset, split="val", length=32, nulls="zero")
    loader = torch.utils.data.DataLoader(tensors, batch_size=5, num_workers=2)
    parts = list(loader)
    values, present = (torch.cat([part[side] for part in parts]).numpy() for side in (0, 1))
    expected_values, expected_present = tensors.windows[:]
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(present, expected_present)
    assert present.dtype == np.bool_
