"""Downloads from a server on this machine: good, corrupt, truncated, resumed, none at all."""

import gzip
import hashlib
import io
import socket
import struct
import tarfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from cnnlib import data
from cnnlib.data import download, downloaded
from cnnlib.data.download import Source, fetch


@dataclass
class Site:
    """A web site for one test: what it holds, how it misbehaves, what it was asked."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: int | None = None  # bytes, then the connection is cut
    ignores_range: bool = False
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site():
    """Start web sites on free ports of this machine; they stop with the test."""
    servers = []

    def start(files=(), **behaviour):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked = self.headers.get("Range")
                here.requests.append((self.path[1:], asked))
                content = here.files.get(self.path[1:])
                if content is None:
                    self.send_error(404)
                    return
                first = 0
                if asked and not here.ignores_range:
                    first = int(asked.removeprefix("bytes=").removesuffix("-"))
                    if first >= len(content):
                        self.send_error(416)
                        return
                self.send_response(206 if first else 200)
                self.send_header("Content-Length", str(len(content) - first))
                self.end_headers()
                stop = None if here.breaks_after is None else first + here.breaks_after
                self.wfile.write(content[first:stop])

            def log_message(self, *_):
                """Stay silent: stderr belongs to the test's report."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        here = Site(f"http://127.0.0.1:{server.server_port}/", dict(files), **behaviour)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        servers.append((server, thread))
        return here

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _private_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "set"


CONTENT = bytes(range(256)) * 500


def source(*addresses, content=CONTENT):
    return Source("set", addresses, {"file.bin": hashlib.sha256(content).hexdigest()})


def test_a_good_file_is_fetched_once_and_then_taken_from_the_cache(site, folder):
    good = site({"file.bin": CONTENT})
    for _ in range(2):
        path = fetch(source(good.address), "file.bin", progress=False)
    assert path == folder / "file.bin"
    assert path.read_bytes() == CONTENT
    assert good.requests == [("file.bin", None)]
    assert [entry.name for entry in folder.iterdir()] == ["file.bin"]


@pytest.mark.parametrize(
    "files", [{"file.bin": CONTENT[:-1] + b"?"}, {}], ids=["corrupt", "absent"]
)
def test_a_mirror_that_is_wrong_or_empty_is_passed_over(site, files):
    bad, good = site(files), site({"file.bin": CONTENT})
    path = fetch(source(bad.address, good.address), "file.bin", progress=False)
    assert path.read_bytes() == CONTENT
    assert good.requests == [("file.bin", None)]


def test_a_corrupt_file_is_never_used_or_kept(site, folder):
    bad = site({"file.bin": CONTENT[:-1] + b"?"})
    with pytest.raises(
        data.DataUnavailableError, match="the checksum is wrong, so it was not used"
    ):
        fetch(source(bad.address), "file.bin", progress=False)
    assert list(folder.iterdir()) == []


def test_a_broken_download_goes_on_where_it_stopped_at_the_next_mirror(site):
    broken = site({"file.bin": CONTENT}, breaks_after=70_000)
    good = site({"file.bin": CONTENT})
    path = fetch(source(broken.address, good.address), "file.bin", progress=False)
    assert path.read_bytes() == CONTENT
    ((_, asked),) = good.requests
    assert asked is not None
    assert 0 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 70_000


def test_a_broken_download_goes_on_where_it_stopped_when_called_again(site, folder):
    slow = site({"file.bin": CONTENT}, breaks_after=70_000)
    with pytest.raises(data.DataUnavailableError, match="bytes arrived and are kept: call again"):
        fetch(source(slow.address), "file.bin", progress=False)
    assert (folder / "file.bin.part").stat().st_size > 0
    assert fetch(source(slow.address), "file.bin", progress=False).read_bytes() == CONTENT
    assert slow.requests[0][1] is None
    assert slow.requests[1][1] is not None


def test_a_server_that_cannot_resume_sends_everything_and_nothing_is_doubled(site, folder):
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(CONTENT[:1000])
    plain = site({"file.bin": CONTENT}, ignores_range=True)
    assert fetch(source(plain.address), "file.bin", progress=False).read_bytes() == CONTENT
    assert len(plain.requests) == 1


@pytest.mark.parametrize(
    "left_over", [b"rubbish" * 100, CONTENT + b"too much"], ids=["rubbish", "too long"]
)
def test_a_spoilt_part_is_thrown_away_and_the_download_starts_afresh(site, folder, left_over):
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(left_over)
    good = site({"file.bin": CONTENT})
    assert fetch(source(good.address), "file.bin", progress=False).read_bytes() == CONTENT
    assert [asked for _, asked in good.requests] == [f"bytes={len(left_over)}-", None]


def test_a_part_that_is_already_complete_is_used(site, folder):
    folder.mkdir(parents=True)
    (folder / "file.bin.part").write_bytes(CONTENT)
    good = site({"file.bin": CONTENT})
    assert fetch(source(good.address), "file.bin", progress=False).read_bytes() == CONTENT
    assert len(good.requests) == 1


def test_a_cached_file_that_was_damaged_is_fetched_again(site, folder):
    folder.mkdir(parents=True)
    (folder / "file.bin").write_bytes(b"damaged")
    good = site({"file.bin": CONTENT})
    assert fetch(source(good.address), "file.bin", progress=False).read_bytes() == CONTENT


def test_without_a_network_the_error_names_what_works_offline(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody can connect
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(data.DataUnavailableError) as caught:
            fetch(source(address), "file.bin", progress=False)
    message = str(caught.value)
    for needed in (
        f"{address}file.bin: no connection",
        "cnnlib.data.digits()",
        "cnnlib.data.photo()",
        "cnnlib.data.shapes()",
        str(folder),
        "CNNLIB_DATA",
        source(address).files["file.bin"],
    ):
        assert needed in message
    assert isinstance(caught.value, ConnectionError)


def test_the_progress_bar_is_on_stderr_and_can_be_silenced(site, capsys):
    good = site({"file.bin": CONTENT})
    fetch(source(good.address), "file.bin", progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "file.bin" in captured.err
    assert "125k/125k" in captured.err


def idx(array):
    head = b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


def idx_files(rng, train=24, test=10):
    arrays = {
        "train-images-idx3-ubyte.gz": rng.integers(0, 256, (train, 5, 7), np.uint8),
        "train-labels-idx1-ubyte.gz": np.arange(train, dtype=np.uint8) % 10,
        "t10k-images-idx3-ubyte.gz": rng.integers(0, 256, (test, 5, 7), np.uint8),
        "t10k-labels-idx1-ubyte.gz": rng.integers(0, 10, test, np.uint8),
    }
    return arrays, {name: idx(array) for name, array in arrays.items()}


def served(name, site, files):
    address = site(files).address
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    return Source(name, (address,), sums)


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_mnist_and_fashion_mnist_are_read_from_their_format(site, rng, monkeypatch, name):
    arrays, files = idx_files(rng)
    monkeypatch.setattr(downloaded, name.upper(), served(name, site, files))
    train, validation, test = getattr(data, name)(validation=0.25, progress=False)
    assert len(train.classes) == 10
    assert train.x.dtype == np.float32
    np.testing.assert_array_equal(test.y, arrays["t10k-labels-idx1-ubyte.gz"])
    np.testing.assert_array_equal(
        np.rint(test.x[:, 0] * 255), arrays["t10k-images-idx3-ubyte.gz"], "order and values"
    )
    assert test.x.max() <= 1
    # Each image still has its own label after the split.
    pairs = {
        (image.tobytes(), int(label))
        for part in (train, validation)
        for image, label in zip(np.rint(part.x[:, 0] * 255).astype(np.uint8), part.y, strict=True)
    }
    assert pairs == {
        (image.tobytes(), int(label))
        for image, label in zip(
            arrays["train-images-idx3-ubyte.gz"], arrays["train-labels-idx1-ubyte.gz"], strict=True
        )
    }
    assert len(validation) > 0


def cifar_archive(rng, per_batch=4):
    labels = rng.integers(0, 10, (6, per_batch), np.uint8)
    pixels = rng.integers(0, 256, (6, per_batch, 3, 32, 32), np.uint8)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
        for name, y, x in zip(names, labels, pixels, strict=True):
            content = np.concatenate([y[:, None], x.reshape(per_batch, -1)], axis=1).tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return labels, pixels, stream.getvalue()


def test_cifar10_is_read_from_its_binary_format_without_extracting(
    site, rng, monkeypatch, tmp_path
):
    labels, pixels, archive = cifar_archive(rng)
    files = {"cifar-10-binary.tar.gz": archive}
    monkeypatch.setattr(downloaded, "CIFAR10", served("cifar10", site, files))
    train, validation, test = data.cifar10(validation=0.0, progress=False)
    assert len(train) == 20
    assert len(validation) == 0
    np.testing.assert_array_equal(test.y, labels[5])
    np.testing.assert_array_equal(np.rint(test.x * 255), pixels[5])
    assert sorted(train.y) == sorted(labels[:5].ravel())
    order = np.argsort([x.tobytes() for x in np.rint(train.x * 255).astype(np.uint8)])
    expected = np.argsort([x.tobytes() for x in pixels[:5].reshape(-1, 3, 32, 32)])
    np.testing.assert_array_equal(train.y[order], labels[:5].ravel()[expected])
    assert [p.name for p in (tmp_path / "cache" / "cifar10").iterdir()] == [
        "cifar-10-binary.tar.gz"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x00\x0d\x01\x00\x00\x00\x00", "is not an IDX file of bytes"),
        (b"", "is not an IDX file of bytes"),
        (b"\x00\x00\x08\x01\x00\x00\x00\x05abc", r"states \(5,\) but holds 3 bytes"),
    ],
)
def test_a_file_in_another_format_is_refused(tmp_path, content, message):
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=message):
        downloaded.read_idx(path)


def test_a_cifar_batch_with_a_cut_record_is_refused(site, monkeypatch):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
        member.size = 3072
        tar.addfile(member, io.BytesIO(bytes(3072)))
    files = {"cifar-10-binary.tar.gz": stream.getvalue()}
    monkeypatch.setattr(downloaded, "CIFAR10", served("cifar10", site, files))
    with pytest.raises(ValueError, match="3072 bytes are not whole records of 3073"):
        data.cifar10(progress=False)


@pytest.mark.parametrize("name", ["MNIST", "FASHION_MNIST", "CIFAR10"])
def test_every_published_file_has_a_sha256_and_two_mirrors(name):
    published = getattr(downloaded, name)
    assert len(published.mirrors) >= 2
    assert all(mirror.endswith("/") for mirror in published.mirrors)
    assert all(len(bytes.fromhex(checksum)) == 32 for checksum in published.files.values())


def test_the_cache_is_the_users_unless_named_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("CNNLIB_DATA")
    assert download.cache_folder().name == "cnnlib"
    monkeypatch.setenv("CNNLIB_DATA", str(tmp_path))
    assert download.cache_folder() == tmp_path
